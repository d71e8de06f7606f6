import type { JSX } from "hono/jsx/jsx-runtime";
import { hostOfUser } from "../wire/names.ts";
import { LandingPage } from "./landing.tsx";
import type { Place } from "./layout.tsx";
import { MisdirectedPage } from "./misdirected.tsx";
import { NotFoundPage } from "./not_found.tsx";
import { NotRespondingPage } from "./not_responding.tsx";
import { OfflinePage } from "./offline.tsx";
import { RestartingPage } from "./restarting.tsx";
import { SetupPage } from "./setup.tsx";
import { SuspendedPage } from "./suspended.tsx";
import { UnknownNamePage } from "./unknown_name.tsx";
import { UsedUpPage } from "./used_up.tsx";

/** When to ask again for a user who is away; for scripts, crawlers and browsers without scripts. */
const RETRY_S = 30;

/** When to ask again while the relay restarts. */
const RESTARTING_RETRY_S = 5;

const DAY_MS = 86_400_000;

/** When a browser without scripts asks again after 421. */
const MISDIRECTED_RETRY_S = 3;

/** How a name stands; times are milliseconds since the epoch. */
export type NameStatus =
  | { state: "unknown" }
  /** Claimed, and never online. */
  | { state: "setup" }
  /** What the user does not want to be told is absent. */
  | { state: "offline"; lastOnlineAt?: number; away?: string }
  /** `unreachable`: the client says that visitors' connections cannot come about. */
  | { state: "online"; unreachable?: boolean }
  /** Its user wants no page of the relay's: visitors come as far as here by a race only. */
  | { state: "hidden" }
  | { state: "suspended" };

/** A page with its status, and seconds to wait where it will pass. */
export interface Answer {
  status: 200 | 404 | 421 | 451 | 503 | 504;
  page: string;
  body: JSX.Element;
  /** The same in a sentence, for who has no use for a page. */
  text: string;
  retryAfterS?: number;
}

/** The page at the base domain. */
export function basePage(path: string, place: Place): Answer {
  if (path === "/") {
    const text = `This is the Glosson relay of ${place.base}.`;
    return { status: 200, page: "landing", body: <LandingPage {...place} />, text };
  }
  const text = `There is no such page at ${place.base}.`;
  return { status: 404, page: "not-found", body: <NotFoundPage {...place} />, text };
}

/** What the page of a name is made of, besides how the name stands. */
export interface NamePageOptions {
  username: string;
  place: Place;
  /** The address of the page, for a browser to ask again. */
  url: string;
  /** See {@linkcode PageContext}. */
  notResponding: boolean;
  restarting: boolean;
  usedUp: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The page of a name; any path has it, since people keep links to parts of a user's page. */
export function namePage(status: NameStatus, options: NamePageOptions): Answer {
  const { username, place, url, now } = options;
  const host = hostOfUser(username, place.base);
  if (status.state === "unknown") {
    const body = <UnknownNamePage {...place} host={host} />;
    return { status: 404, page: "unknown-name", body, text: `There is no page at ${host}.` };
  }
  if (status.state === "suspended") {
    const body = <SuspendedPage {...place} host={host} />;
    return { status: 451, page: "suspended", body, text: `${host} is suspended.` };
  }
  if (status.state === "hidden") return misdirected(place);
  const common = { ...place, username, retry: { afterS: RETRY_S, url } };
  if (options.restarting) {
    const body = <RestartingPage {...common} retry={{ afterS: RESTARTING_RETRY_S, url }} />;
    const text = "The relay is being restarted.";
    return { status: 503, page: "restarting", body, text, retryAfterS: RESTARTING_RETRY_S };
  }
  if (options.usedUp && status.state === "online") {
    const body = <UsedUpPage {...common} />;
    const text = `${host} has had as many bytes today as this relay carries for a user.`;
    const retryAfterS = Math.ceil((DAY_MS - now % DAY_MS) / 1000);
    return { status: 503, page: "used-up", body, text, retryAfterS };
  }
  if (options.notResponding) {
    const unreachable = status.state === "online" && status.unreachable === true;
    const body = <NotRespondingPage {...common} unreachable={unreachable} />;
    const text = unreachable
      ? `${host} is not responding: connections to it do not get through.`
      : `${host} is not responding.`;
    return { status: 504, page: "not-responding", body, text, retryAfterS: RETRY_S };
  }
  if (status.state === "online") return misdirected(place);
  if (status.state === "setup") {
    const body = <SetupPage {...common} />;
    const text = `${host} is being set up.`;
    return { status: 503, page: "setup", body, text, retryAfterS: RETRY_S };
  }
  const { lastOnlineAt, away } = status;
  const body = <OfflinePage {...common} lastOnlineAt={lastOnlineAt} away={away} now={now} />;
  const text = `${host} is offline.`;
  return { status: 503, page: "offline", body, text, retryAfterS: RETRY_S };
}

/** For a request on a connection that was made for another host, see {@linkcode pageApp}. */
export function misdirected(place: Place): Answer {
  const body = <MisdirectedPage {...place} retry={{ afterS: MISDIRECTED_RETRY_S }} />;
  const text = "This connection was made for another host.";
  return { status: 421, page: "misdirected", body, text };
}
