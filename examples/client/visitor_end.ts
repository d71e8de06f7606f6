import type { Log } from "../../lib/log.ts";
import type { JoinedVisitor } from "./data_connection.ts";
import { Front } from "./front/front.ts";
import { limitsFor } from "./front/limits.ts";
import type { KeyAndChain } from "./front/tls_end.ts";
import type { TlsEnds } from "./front/tls_ends.ts";
import { onlyForHost } from "./own_host.ts";
import { pageHandler } from "./page_handler.ts";
import { logRequests } from "./request_log.ts";
import type { RunOptions } from "./run_arguments.ts";
import type { State } from "./state.ts";
import { TlsUpstream } from "./tls_upstream.ts";

/** Where visitors' TLS ends: in this program, or in another one of the user's. */
export interface VisitorEnd {
  /** Visitors' connections that are being served. */
  readonly connections: number;
  /** Serves new connections with this key and certificate; open ones keep theirs for an answer. */
  use(identity: KeyAndChain): Promise<void>;
  /** Where TLS of the user's own domains ends; absent where that is in another program. */
  readonly domains?: Pick<TlsEnds, "useFor" | "prove">;
  /** Sees to it that there is room for one more visitor from this address; whether there is. */
  makeRoom(address: string | undefined): boolean;
  /** Serves a visitor to the end, and closes the connection. Never rejects. */
  serve(visitor: JoinedVisitor): Promise<void>;
  /** Closes connections that visitors only keep, as far as that is known of them: their relay is leaving. */
  renew(): void;
  /** Lets open answers finish for `graceMs`, then ends every connection. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Makes the end that `run` was asked for.
 *
 * @throws {Error} with a message for the person, if a file or folder is of no use.
 */
export async function openVisitorEnd(
  options: RunOptions,
  { hostname, hosts, state, log }: {
    hostname: string;
    /** Further names that are answered for; may change. */
    hosts: ReadonlySet<string>;
    state: State;
    log: Log;
  },
): Promise<VisitorEnd> {
  const { tlsUpstream, proxyProtocol, maxVisitors } = options;
  if (tlsUpstream !== undefined) {
    const identityFile = state.path("identity.pem");
    return new TlsUpstream({
      ...{ upstream: tlsUpstream, proxyProtocol, maxVisitors, identityFile, log },
    });
  }
  const handler = await pageHandler(options, { hostname, secrets: state.folder, log });
  return new Front({
    handler: logRequests(onlyForHost(hostname, handler, hosts), log),
    log,
    maxVisitors,
    limits: limitsFor(options.visitorSilenceMs),
  });
}
