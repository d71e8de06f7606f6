import type { RejectReason } from "../wire/client_hello.ts";

/** How a visitor's connection ended: few and stable words, fit for a metric label. */
export type Outcome =
  /** Joined with a client by a parked data connection, or by one that the client was asked for. */
  | "parked"
  | "dialled"
  /** Joined with a client that sent nothing: it is frozen, or was lost. */
  | "unanswered"
  /** Passed to the relay's own servers. */
  | "offline"
  | "not-responding"
  | "restarting"
  | "landing"
  | "unknown-name"
  | "page"
  | "control"
  /** Passed to the fallback backend, or not: it cannot be reached. */
  | "fallback"
  | "fallback-unreachable"
  /** A plain HTTP request, answered by a redirect or 400. */
  | "http"
  | "bad-http"
  /** TLS on the port that is for plain HTTP. */
  | "tls-on-http-port"
  /** A name that is not ours and no fallback backend, or no name. */
  | "foreign-name"
  | "no-name"
  /** No page instead of a client, since its user wants none. */
  | "no-page"
  /** The visitor went away while a client was asked. */
  | "left"
  /** Nothing to answer: no byte, an end or a reset or too long a wait within the hello. */
  | "silent"
  | "incomplete"
  | "reset"
  | "late"
  /** No ClientHello to pass on, by what is wrong with it. */
  | RejectReason
  | "bad-proxy-header"
  /** No place in a table, see {@linkcode Places}. */
  | "limit-hellos"
  | "limit-large-hellos"
  | "limit-address"
  | "limit-rate"
  | "limit-visitors"
  | "limit-pages"
  | "limit-control"
  | "limit-fallback";

/** The end of a visitor's connection. */
export interface Ending {
  outcome: Outcome;
  /** A clause for a person who reads the debug log. */
  detail?: string;
  /** Bytes that passed between a visitor and a client, or the fallback backend. */
  toClient?: number;
  toVisitor?: number;
}
