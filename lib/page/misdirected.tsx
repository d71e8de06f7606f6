import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place, type Retry } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode MisdirectedPage}. */
export interface MisdirectedPageProps extends Place {
  retry: Retry;
}

/**
 * Tells that the request came in on a connection that is not for it.
 *
 * A browser that gets 421 asks again on a connection of its own (RFC 9110 section 15.5.20), so this
 * is seen where one does not.
 */
export function MisdirectedPage(props: MisdirectedPageProps): JSX.Element {
  return (
    <Layout {...props} page="misdirected" title="One moment">
      <Scene kind="empty" />
      <h1>One moment</h1>
      <p class="lead">
        Your browser knocked at the wrong door: it reused a connection that was made for another
        page. It tries again by itself, on a new one.
      </p>
    </Layout>
  );
}
