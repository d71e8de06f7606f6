import type { z } from "zod";
import type { Log } from "../log.ts";
import type { Caller, ControlSocket, Transport } from "../session/caller.ts";
import type { SocketAddress } from "../wire/proxy_protocol.ts";
import type { ReadBody } from "./body.ts";
import type { ProblemDetails, Refusal } from "../wire/problems.ts";
import type { ProblemIn, RouteName, ROUTES } from "./routes.ts";
import type * as schema from "./schemas.ts";

/** What a request is served with besides itself. */
export interface ApiBindings {
  /** Where the request comes from. */
  source: SocketAddress;
  transport: Transport;
  /**
   * Takes the request's WebSocket over once it is open; what it returns stands for the answer. Absent where
   * the request is no opening handshake.
   */
  takeSocket?: (onOpen: (socket: ControlSocket) => void) => Response;
}

/** A service's answer when it does not do what a request to a route asks of it. */
type RefusalOf<Name extends RouteName> = Refusal<ProblemIn<(typeof ROUTES)[Name]>>;

/** The part of an account that the API tells. */
export interface AccountView {
  username: string;
  blockedAt?: number;
  blockedReason?: string;
  preferences: Required<Preferences>;
}

type Preferences = z.infer<typeof schema.preferencesChange>;

/** How a certificate request stands. */
export type CertificateState =
  | { status: "pending"; retryAfterS: number; position?: number; expectedAt?: number }
  | { status: "ready"; certificate: string; notAfter: number; renewAfter: number }
  | { status: "failed"; problem: ProblemDetails };

/** Who alone may order certificates for a user's names, and how that stands in the DNS. */
export interface CaaView {
  caa: "relay" | { authority: string; accountUrl: string } | undefined;
  records: string[];
  written: boolean;
  why?: string | undefined;
}

/** A claim that was made. */
interface ClaimMade extends Omit<z.infer<typeof schema.claimAnswer>, "expiresAt"> {
  ok: true;
  expiresAt: number;
}

/** A claim that was verified. */
interface ClaimVerified extends z.infer<typeof schema.verifyAnswer> {
  ok: true;
}

/**
 * What the API is made of; times are milliseconds since the epoch. A `StoreError` that a service rejects
 * with is answered `busy`.
 */
export interface ApiOptions {
  relay: Omit<z.infer<typeof schema.relayInfo>, "keyFingerprints">;
  /** Fingerprints of the keys of the relay's own certificates. */
  relayKeys: () => Promise<string[]>;
  hostnameOf: (username: string) => string;
  isOnline: (username: string) => boolean;
  /** Where the operator is written to. @default none is known */
  contact?: () => string | undefined;
  /** When the user was last online, now included; undefined when they never were. */
  lastOnlineAt: (username: string) => Promise<number | undefined>;
  accounts: {
    byToken(token: string): Promise<AccountView | undefined>;
    /** Undefined when the token is nobody's by then; a blocked account is as it was. */
    setPreferences(token: string, changes: Preferences): Promise<AccountView | undefined>;
  };
  claims: {
    create(username: string, address: string): Promise<ClaimMade | RefusalOf<"claim">>;
    verify(claim: string, address: string): Promise<ClaimVerified | RefusalOf<"verify">>;
  };
  certificates: {
    /** `unauthorized` when the token is not the user's by then. */
    submit(
      username: string,
      hostname: string,
      csr: string,
      token: string,
    ): Promise<{ ok: true; id: string } | RefusalOf<"requestCertificate">>;
    get(username: string, id: string): Promise<CertificateState | undefined>;
    latest(username: string): Promise<{ notAfter: number } | undefined>;
  };
  domains: {
    of(username: string): Promise<string[]>;
    /** `unauthorized` when the token is not the user's by then. */
    put(
      username: string,
      domain: string,
      token: string,
    ): Promise<{ ok: true; domain: string; verifiedAt: number } | RefusalOf<"putDomain">>;
    /** False when the token is nobody's by then. */
    remove(domain: string, token: string): Promise<boolean>;
  };
  /** CAA records of users' own; absent where the relay does not keep their names in the DNS. */
  caa?: {
    of(username: string): Promise<CaaView>;
    /** `unauthorized` when the token is not the user's by then. */
    set(
      username: string,
      caa: CaaView["caa"],
      token: string,
    ): Promise<{ ok: true } & CaaView | RefusalOf<"setCaa">>;
  } | undefined;
  /** Ends the account and all that lives on it; false when the token is not its by then. */
  release: (username: string, token: string) => Promise<boolean>;
  /** Ends what lives on a token that was replaced. */
  revoke: (username: string) => void;
  /** Opens the control WebSocket. */
  openControl: (
    caller: Caller,
    takeSocket: NonNullable<ApiBindings["takeSocket"]>,
  ) => Response | RefusalOf<"control">;
  readBody: ReadBody;
  log: Log;
}
