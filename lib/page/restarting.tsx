import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place, type Retry } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode RestartingPage}. */
export interface RestartingPageProps extends Place {
  username: string;
  retry: Retry;
}

/** Tells who was waiting for the user when the relay stopped that this is no absence. */
export function RestartingPage(props: RestartingPageProps): JSX.Element {
  const { username } = props;
  return (
    <Layout {...props} page="restarting" title="One moment">
      <Scene kind="silent" />
      <h1>One moment</h1>
      <p class="lead">
        The relay that leads to {username}’s page is being restarted.
      </p>
      <p class="note">No need to reload: the page opens by itself.</p>
    </Layout>
  );
}
