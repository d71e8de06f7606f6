import type { JSX } from "hono/jsx/jsx-runtime";
import type { Answer } from "../look/answer.ts";
import { type Asked, tell, type Told } from "../look/tell.tsx";
import { hostOfUser } from "../wire/names.ts";
import { USERNAME_PATTERN } from "../wire/username.ts";
import { LandingPage } from "./landing.tsx";
import { Contact } from "./links.tsx";
import type { RelayInfo } from "./relay_info.ts";
import { TEXTS } from "./texts.ts";

/** When to ask again for a user who is away; for scripts, crawlers and browsers without scripts. */
const RETRY_S = 30;

/** When to ask again while the relay restarts. */
const RESTARTING_RETRY_S = 5;

const DAY_MS = 86_400_000;

/** When to ask again for a user who has come online meanwhile. */
const MISDIRECTED_RETRY_S = 3;

const USERNAME = new RegExp(USERNAME_PATTERN);

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
  | { state: "suspended" }
  /** The store is away, and the user is not known to be online. */
  | { state: "unclear" };

/** For whom an answer is made, and on which relay. */
interface AskedHere extends Asked {
  relay: RelayInfo;
}

/** What the page of a name is made of, besides how the name stands. */
export interface NamePageOptions extends AskedHere {
  username: string;
  /** See {@linkcode PageContext}. */
  notResponding: boolean;
  restarting: boolean;
  usedUp: boolean;
  /** Whether a browser asks that comes anew by itself after 421, whatever it sent. */
  comesAnew: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The page at the base domain. */
export function basePage(path: string, asked: AskedHere): Answer {
  const { relay, language } = asked;
  if (path !== "/") {
    return tellAt(asked, {
      status: 404,
      page: "not-found",
      scene: "empty",
      notice: TEXTS[language].notFound(relay),
      text: `There is no such page at ${relay.base}.`,
    });
  }
  const footer = <Footer {...asked} landing />;
  const body = <LandingPage {...{ language, relay, footer }} />;
  const text = `This is the Glosson relay of ${relay.base}.`;
  return { status: 200, page: "landing", language, body, text };
}

/** The page at the address of the API, for people who open it. */
export function relayPage(asked: AskedHere): Answer {
  return tellAt(asked, {
    status: 200,
    page: "relay",
    scene: "empty",
    notice: TEXTS[asked.language].relay(asked.relay),
    text: "This is the API of the relay.",
  });
}

/** The page of a name; any path has it, since people keep links to parts of a user's page. */
export function namePage(status: NameStatus, options: NamePageOptions): Answer {
  const { username, relay, language, now } = options;
  const texts = TEXTS[language];
  const host = hostOfUser(username, relay.base);
  if (status.state === "unknown") return unknownPage(host, options);
  if (status.state === "suspended") {
    return tellAt(options, {
      status: 451,
      page: "suspended",
      scene: "closed",
      notice: texts.suspended(host, relay),
      text: `${host} is suspended.`,
    });
  }
  if (status.state === "hidden") return justOnline(options);
  if (options.restarting) {
    return tellAt(options, {
      status: 503,
      page: "restarting",
      scene: "silent",
      notice: texts.restarting(username),
      text: "The relay is being restarted.",
      retryAfterS: RESTARTING_RETRY_S,
    });
  }
  if (options.usedUp && status.state === "online") {
    return tellAt(options, {
      status: 503,
      page: "used-up",
      scene: "silent",
      notice: texts.usedUp(username),
      text: `${host} has had as many bytes today as this relay carries for a user.`,
      retryAfterS: Math.ceil((DAY_MS - now % DAY_MS) / 1000),
      // The operator may allow more meanwhile.
      reloadS: RETRY_S,
    });
  }
  if (options.notResponding) {
    const unreachable = status.state === "online" && status.unreachable === true;
    const why = unreachable ? ": connections to it do not get through" : "";
    return tellAt(options, {
      status: 504,
      page: "not-responding",
      scene: "silent",
      notice: texts.notResponding(username, unreachable, relay),
      text: `${host} is not responding${why}.`,
      retryAfterS: RETRY_S,
    });
  }
  if (status.state === "online") return justOnline(options);
  if (status.state === "unclear") return unclearPage(host, options);
  if (status.state === "setup") {
    return tellAt(options, {
      status: 503,
      page: "setup",
      scene: "building",
      notice: texts.setup(username, relay),
      text: `${host} is being set up.`,
      retryAfterS: RETRY_S,
    });
  }
  return tellAt(options, {
    status: 503,
    page: "offline",
    scene: "away",
    notice: texts.offline(username, { ...status, now }),
    quote: status.away,
    text: `${host} is offline.`,
    retryAfterS: RETRY_S,
  });
}

function unknownPage(host: string, options: NamePageOptions): Answer {
  const { username, relay, language } = options;
  const possible = USERNAME.test(username) ? username : undefined;
  return tellAt(options, {
    status: 404,
    page: "unknown-name",
    scene: "empty",
    notice: TEXTS[language].unknownName(host, relay, possible),
    text: `There is no page at ${host}.`,
  });
}

function unclearPage(host: string, asked: AskedHere): Answer {
  return tellAt(asked, {
    status: 503,
    page: "unclear",
    scene: "silent",
    notice: TEXTS[asked.language].unclear(host),
    text: `The relay cannot look up ${host} now.`,
    retryAfterS: RETRY_S,
  });
}

/** For a request on a connection that was made for another host, see {@linkcode pageApp}. */
export function misdirected(asked: AskedHere): Answer {
  return tellAt(asked, {
    status: 421,
    page: "misdirected",
    scene: "empty",
    notice: TEXTS[asked.language].misdirected,
    text: "This connection was made for another host.",
    reloadS: MISDIRECTED_RETRY_S,
  });
}

/** For who came while the user was away: another connection leads to them. */
function justOnline(options: NamePageOptions): Answer {
  const answer = misdirected(options);
  // Senders of web hooks come anew with what they send after no 4xx.
  if (options.comesAnew || !options.sent) return answer;
  const text = "This connection was made before the user came online.";
  return { ...answer, status: 503, text, retryAfterS: MISDIRECTED_RETRY_S };
}

/** Makes a page that tells one thing. */
function tellAt(asked: AskedHere, told: Told): Answer {
  return tell(asked, told, <Footer {...asked} />);
}

function Footer(
  { relay, language, landing = false }: AskedHere & { landing?: boolean },
): JSX.Element {
  const { footer } = TEXTS[language];
  const { base, contact, credit } = relay;
  return (
    <>
      {landing ? credit !== "" && <p>{credit}</p> : <p>{footer.howItWorks(`https://${base}/`)}</p>}
      {contact !== undefined && <p>{footer.report(<Contact contact={contact} />)}</p>}
    </>
  );
}
