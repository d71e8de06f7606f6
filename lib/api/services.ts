import type { z } from "zod";
import type { Log } from "../log.ts";
import type { Caller, ControlSocket, Transport } from "../session/control_socket.ts";
import type { SocketAddress } from "../wire/proxy_protocol.ts";
import type { ReadBody } from "./body.ts";
import type { ProblemCode } from "./problem.ts";
import type * as schema from "./schemas.ts";

/** What a request is served with besides itself. */
export interface ApiBindings {
  /** Where the request comes from. */
  source: SocketAddress;
  transport: Transport;
  /**
   * Takes the request's WebSocket over once it is open, for who handles it outside of the runtime's
   * server; what it returns stands for the answer. Absent where the runtime has to do it.
   */
  takeSocket?: (onOpen: (socket: ControlSocket) => void) => Response;
}

/** An answer of one of the services below when it does not do what it was asked. */
export interface Refusal {
  ok: false;
  problem: ProblemCode;
  detail: string;
  retryAfterS?: number;
}

/** The part of an account that the API tells. */
export interface AccountView {
  username: string;
  blockedAt?: number;
  preferences: Required<Preferences>;
}

type Preferences = z.infer<typeof schema.preferencesChange>;

/** How a certificate request stands. */
export type CertificateState =
  | { status: "pending"; retryAfterS: number; position?: number; expectedAt?: number }
  | { status: "ready"; certificate: string; notAfter: number; renewAfter: number }
  | { status: "failed"; problem: z.infer<typeof schema.problemDetails> };

/** What the API is made of; times are milliseconds since the epoch. */
export interface ApiOptions {
  relay: z.infer<typeof schema.relayInfo>;
  hostnameOf: (username: string) => string;
  isOnline: (username: string) => boolean;
  /** When the user was last online, now included; undefined when they never were. */
  lastOnlineAt: (username: string) => number | undefined;
  accounts: {
    byToken(token: string): AccountView | undefined;
    setPreferences(username: string, changes: Preferences): Promise<void>;
  };
  claims: {
    create(
      username: unknown,
      address: string,
    ):
      | {
        ok: true;
        claim: string;
        username: string;
        hostname: string;
        code: string;
        expiresAt: number;
      }
      | Refusal;
    verify(
      claim: string,
      address: string,
    ): Promise<{ ok: true; username: string; hostname: string; token: string } | Refusal>;
  };
  certificates: {
    submit(
      username: string,
      hostname: string,
      csr: string,
    ): Promise<{ ok: true; id: string } | Refusal>;
    get(username: string, id: string): CertificateState | undefined;
    latest(username: string): { notAfter: number } | undefined;
  };
  /** Ends the account and all that lives on it. */
  release: (username: string) => Promise<unknown>;
  /** Ends what lives on a token that was replaced. */
  revoke: (username: string) => void;
  /** Opens the control WebSocket; undefined when no more clients are taken. */
  openControl: (
    request: Request,
    caller: Caller,
    takeSocket: ApiBindings["takeSocket"],
  ) => Response | undefined;
  readBody: ReadBody;
  log: Log;
}
