import type { RejectReason } from "../wire/client_hello.ts";

/** What an outcome means, and whether the visitor got what there was to get. */
interface Meaning {
  served: boolean;
  /** For the operator; begins with what happened. */
  text: string;
}

function served(text: string): Meaning {
  return { served: true, text };
}

function refused(text: string): Meaning {
  return { served: false, text };
}

/** What ends in `limit-…` has a place in a table, which has a ceiling. */
function noPlace(what: string, setting: string): Meaning {
  return refused(
    `there was no place for ${what} (${setting}); raise it, or find who takes so much at LOG_LEVEL=debug`,
  );
}

/** How visitors' connections end by themselves: few and stable words, fit for a metric label. */
const OUTCOMES = {
  "parked": served("joined with the client over a connection that it kept ready"),
  "dialled": served("joined with the client, which was asked for a connection"),
  "unanswered": refused(
    "joined with a client that sent nothing in time: it is frozen, or was lost, or its full-size packets do not arrive",
  ),
  "gave-way": refused(
    "closed for a visitor whose network has fewer connections to the same user (MAX_VISITORS_PER_USER)",
  ),
  "offline": served(
    "got the page of a name without a client online: its user is away, new or suspended, or nobody has it",
  ),
  "not-responding": served("got the page of a user whose client did not take the connection"),
  "restarting": served("got the page of a user who is awaited after a restart of the relay"),
  "used-up": served("got the page of a user whose bytes of the day are used up"),
  "landing": served("got the page of the base domain"),
  "unknown-name": served("got the page of a name that nobody can have"),
  "page": served("got another page of the relay"),
  "control": served("reached the API, or is a client that came online"),
  "fallback": served("passed to FALLBACK_BACKEND or HTTP_FALLBACK_BACKEND"),
  "fallback-unreachable": refused("the fallback backend could not be reached: see that it runs"),
  "http": served("asked in plain HTTP, and was led to https"),
  "bad-http": refused(
    "sent plain HTTP that cannot be led to https: no Host of the relay's, a head above 32 KiB, or no HTTP",
  ),
  "tls-on-http-port": refused("spoke TLS at HTTP_PORT"),
  "foreign-name": refused(
    "asked for a name that is neither a label below the base domain nor a user's; FALLBACK_BACKEND names who gets those",
  ),
  "no-name": refused("named no host (SNI), and there is no FALLBACK_BACKEND"),
  "no-page": served(
    "was closed in place of a page: its user wants none while away, or the relay has no certificate for the name",
  ),
  "left": served("went away while the client was asked"),
  "silent": refused("sent nothing"),
  "incomplete": refused("ended within its hello"),
  "reset": refused("was reset within its hello"),
  "late": refused("did not send a whole hello within 5 s"),
  "bad-proxy-header": refused(
    "did not begin with a PROXY header as PROXY_PROTOCOL_FROM wants it: send-proxy-v2 is missing, or is broken",
  ),
  "limit-hellos": noPlace("one more hello", "MAX_HELLOS"),
  "limit-large-hellos": noPlace("one more hello above 8 KiB", "64 at once"),
  "limit-address": noPlace("one more connection of its address", "MAX_VISITORS_PER_ADDRESS"),
  "limit-rate": noPlace("its address in this second", "HELLOS_PER_SECOND, HELLO_BURST"),
  "limit-visitors": noPlace("one more visitor", "MAX_VISITORS, MAX_VISITORS_PER_USER"),
  "limit-pages": noPlace("one more visit to a page", "MAX_PAGES"),
  "limit-control": noPlace("one more client or request", "MAX_CLIENTS"),
  "limit-fallback": noPlace("one more connection to the fallback backend", "MAX_VISITORS"),
};

/** How a hello is refused that no client of TLS should send. */
const REJECTIONS: Record<RejectReason, string> = {
  "not-tls": "sent no TLS, and no HTTP either",
  "sslv2": "sent a hello of SSL 2, which nobody may speak any more",
  "unexpected-record": "sent a TLS record that is no handshake before its hello was whole",
  "record-overflow": "sent a TLS record above the longest that there may be",
  "empty-fragment": "sent an empty TLS record within its hello",
  "unexpected-message": "began its handshake with another message than a ClientHello",
  "too-large": "sent a hello above 64 KiB",
  "malformed": "sent a hello whose fields do not fit together",
  "duplicate-extension": "sent a hello with an extension twice",
  "bad-server-name": "named a host that cannot be one",
};

/** How a visitor's connection ended. */
export type Outcome = keyof typeof OUTCOMES | RejectReason;

/** Whether a visitor whose connection ended so got what there was to get. */
export function isServed(outcome: Outcome): boolean {
  return outcome in OUTCOMES && OUTCOMES[outcome as keyof typeof OUTCOMES].served;
}

/** Each outcome with what it means, for the operator. */
export function outcomeTexts(): [outcome: Outcome, served: boolean, text: string][] {
  return [
    ...Object.entries(OUTCOMES).map(([outcome, { served, text }]) =>
      [outcome as Outcome, served, text] as [Outcome, boolean, string]
    ),
    ...Object.entries(REJECTIONS).map(([reason, text]) =>
      [reason as Outcome, false, text] as [Outcome, boolean, string]
    ),
  ];
}

/** The end of a visitor's connection. */
export interface Ending {
  outcome: Outcome;
  /** A clause for a person who reads the debug log. */
  detail?: string;
  /** Bytes that passed between a visitor and a client, or the fallback backend. */
  toClient?: number;
  toVisitor?: number;
}
