import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Tells that the relay's own site has no such page. */
export function NotFoundPage(props: Place): JSX.Element {
  return (
    <Layout {...props} page="not-found" title="No such page">
      <Scene kind="empty" />
      <h1>There is no such page</h1>
      <p class="lead">
        The only page here is <a href={`https://${props.base}/`}>the front page</a>.
      </p>
    </Layout>
  );
}
