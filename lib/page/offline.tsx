import type { JSX } from "hono/jsx/jsx-runtime";
import { Layout, type Place, type Retry } from "./layout.tsx";
import { Scene } from "./scene.tsx";

/** Properties of {@linkcode OfflinePage}; times are milliseconds since the epoch. */
export interface OfflinePageProps extends Place {
  username: string;
  lastOnlineAt: number | undefined;
  /** The user's own words. */
  away: string | undefined;
  now: number;
  retry: Retry;
}

/** Tells that the user's computer is not connected, and when it last was. */
export function OfflinePage(props: OfflinePageProps): JSX.Element {
  const { username, lastOnlineAt, away = "", now } = props;
  return (
    <Layout {...props} page="offline" title={`${username} is offline`}>
      <Scene kind="away" />
      <h1>{username} is offline</h1>
      <p class="lead">
        This page lives on {username}’s own computer, and that is not connected right now.
        {lastOnlineAt !== undefined && <LastSeen at={lastOnlineAt} now={now} />}
      </p>
      {away.trim() !== "" && (
        <blockquote dir="auto">
          {away}
        </blockquote>
      )}
      <p class="note">
        No need to reload: the page opens by itself as soon as {username} is back.
      </p>
    </Layout>
  );
}

function LastSeen({ at, now }: { at: number; now: number }): JSX.Element {
  const time = new Date(at).toISOString();
  return (
    <>
      {" "}It was last here{" "}
      <time datetime={time} title={`${time.slice(0, 16).replace("T", " ")} UTC`}>
        {timeAgo(at, now)}
      </time>.
    </>
  );
}

/** How long ago a time is, in words; a time to come is a moment ago, since clocks differ. */
export function timeAgo(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (minutes < 1) return "a moment ago";
  if (minutes < 60) return relative.format(-minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return relative.format(-hours, "hour");
  const days = Math.floor(hours / 24);
  if (days < 14) return relative.format(-days, "day");
  const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
  return `on ${date.format(at)}`;
}
