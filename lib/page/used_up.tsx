import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place, type Retry } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode UsedUpPage}. */
export interface UsedUpPageProps extends Place {
  username: string;
  /** The operator may allow more meanwhile. */
  retry: Retry;
}

/** Tells that as many bytes passed today as the relay carries for a user. */
export function UsedUpPage(props: UsedUpPageProps): JSX.Element {
  const { username } = props;
  return (
    <Layout {...props} page="used-up" title={`${username}’s page is back tomorrow`}>
      <Scene kind="silent" />
      <h1>{username}’s page is back tomorrow</h1>
      <p class="lead">
        {username}’s own computer is connected, but it has had as many visits and downloads today as
        this relay carries for one page. The next day begins at midnight, UTC.
      </p>
      <p class="soft">Is this your page? Ask the operator of the relay for more.</p>
    </Layout>
  );
}
