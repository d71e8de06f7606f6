import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place, type Retry } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode SetupPage}. */
export interface SetupPageProps extends Place {
  username: string;
  retry: Retry;
}

/** Tells that the name is taken, and that its page was never online. */
export function SetupPage(props: SetupPageProps): JSX.Element {
  const { username } = props;
  return (
    <Layout {...props} page="setup" title={`${username} is setting up`}>
      <Scene kind="building" />
      <h1>{username} is setting up</h1>
      <p class="lead">
        {username} has moved in here, but their page has not been online yet.
      </p>
      <p class="note">
        No need to reload: the page opens by itself as soon as it is there.
      </p>
      <p class="soft">
        Is this your page? Run <code>python -m glosson run</code>{" "}
        on your computer, and leave it running.
      </p>
    </Layout>
  );
}
