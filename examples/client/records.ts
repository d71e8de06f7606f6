import type { Transport } from "./data_line.ts";

/** Who this computer is at the relay. */
export interface Account {
  username: string;
  /** Where visitors find the page: `USER.BASE`. */
  hostname: string;
  /** Address of the relay. */
  relay: string;
  /** Bearer secret of the account; never shown, never logged. */
  token: string;
  keyType: "ecdsa" | "rsa";
  /** Labels of the names below `hostname` that the page has as well. @default none */
  also?: string[];
  /**
   * Who orders the page's certificate where the relay does not: `own`, this program by an ACME account of the user's
   * own; `server`, the TLS server of `--tls-upstream`. @default the relay
   */
  certificateBy?: "own" | "server";
}

/** A claim that waits for its code to stand in the bio; kept so that `setup` can be continued. */
export interface PendingClaim {
  relay: string;
  username: string;
  hostname: string;
  /** Bearer secret of the claim. */
  claim: string;
  /** Public: it stands in the bio. */
  code: string;
  /** RFC 3339. */
  expiresAt: string;
}

/** A certificate request that the relay works on; a key is of no use without its answer. */
export interface PendingCertificate {
  id: string;
  /** PKCS #8, PEM. */
  key: string;
}

/** A private key with its certificate chain, in force together. */
export interface SavedIdentity {
  /** PKCS #8, PEM. */
  key: string;
  /** PEM, leaf first. */
  chain: string;
  /** RFC 3339, as the relay advised; absent when it is not known. */
  renewAfter?: string;
}

/** How a `glosson run` is, as it tells `glosson status`; times are RFC 3339. */
export interface RunningState {
  /** When it began. */
  since: string;
  /** Why it is not online; null when it is, or nothing is known yet. */
  why: string | null;
  /** The way of visitors' connections, to the relay's data port; null when nothing is known yet. */
  data: {
    host: string;
    port: number;
    works: boolean;
    /** What carries the connections: TCP to that port, or WebSockets to the relay's own. */
    over: Transport;
    /** Why it does not work. */
    problem: string | null;
    /** Since when it does, or does not. */
    since: string;
  } | null;
  /** The page's address, with its port where that is not 443; null before the relay has said it. */
  page: string | null;
  /** What the client saw when it looked at its own page from outside; null when it has not yet. */
  seen: {
    at: string;
    verdict: PageVerdict;
    /** What was wrong. */
    why: string | null;
    /** Since when the verdict is this one. */
    since: string;
  } | null;
}

/**
 * What a look at one's own page from outside showed: visitors get through to this computer; somebody else answers
 * in its place; nothing, the look itself did not work.
 */
export type PageVerdict = "own" | "other" | "not seen";
