import type { JSX } from "hono/jsx/jsx-runtime";
import { Contact, Layout, type Place } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode SuspendedPage}. */
export interface SuspendedPageProps extends Place {
  /** The host name that was asked for. */
  host: string;
}

/** Tells that the operator has blocked the name. */
export function SuspendedPage(props: SuspendedPageProps): JSX.Element {
  const { host, contact } = props;
  return (
    <Layout {...props} page="suspended" title="This page is suspended">
      <Scene kind="closed" />
      <h1>This page is suspended</h1>
      <p class="lead">
        The operator of this relay has closed <b>{host}</b>.
      </p>
      <p>
        {contact === undefined ? "Is it your page, and a mistake? Write to the operator." : (
          <>
            Is it your page, and a mistake? Write to <Contact contact={contact} />.
          </>
        )}
      </p>
    </Layout>
  );
}
