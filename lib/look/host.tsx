import { Fragment } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";

/** A host name that is split after its dots where a line has no room for it. */
export function Host({ name }: { name: string }): JSX.Element {
  const [first, ...others] = name.split(".");
  return (
    <>
      {first}
      {others.map((label) => (
        <Fragment key={label}>
          .<wbr />
          {label}
        </Fragment>
      ))}
    </>
  );
}
