import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place, type Retry } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode NotRespondingPage}. */
export interface NotRespondingPageProps extends Place {
  username: string;
  retry: Retry;
  /** The user's computer says that connections for visitors do not get through to the relay. */
  unreachable?: boolean;
}

/** Tells that the user's computer is connected and did not take the visitor. */
export function NotRespondingPage(props: NotRespondingPageProps): JSX.Element {
  const { username, unreachable } = props;
  return (
    <Layout {...props} page="not-responding" title={`${username} is not responding`}>
      <Scene kind="silent" />
      <h1>{username}’s page is not responding</h1>
      <p class="lead">
        {unreachable
          ? `${username}’s own computer is on, but the connections that carry visitors do not get ` +
            "through between it and this relay. A firewall on the way, or the relay, stops them; " +
            "you can do nothing about it."
          : `${username}’s own computer is connected, but it did not answer in time. It may be ` +
            "busy, waking up, or on a slow line."}
      </p>
      <p class="note">No need to reload: this page keeps knocking, and opens by itself.</p>
      <p class="soft">
        Is this your page? Look at what <code>python -m glosson run</code> prints on your computer
        {unreachable && ": it names the port that has to be let through"}.
      </p>
    </Layout>
  );
}
