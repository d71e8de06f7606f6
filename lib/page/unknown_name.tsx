import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode UnknownNamePage}. */
export interface UnknownNamePageProps extends Place {
  /** The host name that was asked for. */
  host: string;
}

/** Tells that nobody has the name. */
export function UnknownNamePage(props: UnknownNamePageProps): JSX.Element {
  return (
    <Layout {...props} page="unknown-name" title="Nobody lives here">
      <Scene kind="empty" />
      <h1>Nobody lives here yet</h1>
      <p class="lead">
        There is no page at <b>{props.host}</b>. Perhaps there is a slip in the address?
      </p>
      <p>
        If the name is yours, <a href={`https://${props.base}/#setup`}>you can move in</a>.
      </p>
    </Layout>
  );
}
