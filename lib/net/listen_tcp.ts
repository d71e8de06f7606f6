import { withPort } from "../wire/ip_address.ts";
import { closeQuietly } from "./splice.ts";

/**
 * Connections that may wait to be accepted, as many as Linux allows by default. What comes in a
 * burst above it is dropped, and tries again only after a second.
 */
const BACKLOG = 4_096;

/** Whether a port can be shared with another process: so that a relay can take another's place. */
const CAN_SHARE = Deno.build.os === "linux";

/** Every address of the machine, of IPv6 and IPv4, and those of IPv4 where it has no others. */
const EVERYWHERE = { both: "::", ipv4: "0.0.0.0" } as const;

/** How long it may take to find out whether an address is served, milliseconds. */
const LOOK_MS = 1_000;

/** Options for {@linkcode listenTcp}. */
export interface ListenTcpOptions {
  /**
   * Whether a process of the same user that asks for it too may listen there beside this one, on Linux
   * (SO_REUSEPORT, socket(7)). @default {false}
   */
  share?: boolean;
  /** @default {Deno.listen} */
  listen?: (options: Deno.TcpListenOptions) => Deno.TcpListener;
}

/**
 * Opens a listener; connections wait in its queue until it is served. `::` is every address of the
 * machine, also where that has none of IPv6.
 *
 * @param name what the settings of its address are named after.
 * @param port 0 takes a free one.
 * @throws {Error} when it cannot; the message names the address and the fix.
 */
export function listenTcp(
  name: string,
  hostname: string,
  port: number,
  { share = false, listen = Deno.listen }: ListenTcpOptions = {},
): Deno.TcpListener {
  function open(hostname: string): Deno.TcpListener {
    return listen({ hostname, port, tcpBacklog: BACKLOG, reusePort: share && CAN_SHARE });
  }
  try {
    try {
      return open(hostname);
    } catch (error) {
      if (hostname !== EVERYWHERE.both || isTaken(error)) throw error;
      return open(EVERYWHERE.ipv4);
    }
  } catch (error) {
    throw cannotListen(name, hostname, port, error as Error);
  }
}

/**
 * Makes sure that nobody serves an address that is to be shared: two that know nothing of each other would
 * share it. By a connection, since who listens to find out loses the connections that come meanwhile.
 *
 * @throws {Error} as {@linkcode listenTcp} where somebody does.
 */
export async function checkUnserved(name: string, hostname: string, port: number): Promise<void> {
  if (!CAN_SHARE || port === 0) return;
  const isEverywhere = hostname === EVERYWHERE.both || hostname === EVERYWHERE.ipv4;
  const signal = AbortSignal.timeout(LOOK_MS);
  try {
    const target = { hostname: isEverywhere ? "127.0.0.1" : hostname, port, signal };
    closeQuietly(await Deno.connect(target));
  } catch {
    return;
  }
  throw cannotListen(name, hostname, port, new Deno.errors.AddrInUse("Address already in use"));
}

/** Why it cannot be listened at an address, and what to do about it. */
function cannotListen(name: string, hostname: string, port: number, error: Error): Error {
  const where = `GLOSSOND_${name.toUpperCase()}_HOST and GLOSSOND_${name.toUpperCase()}_PORT`;
  const fix = error instanceof Deno.errors.AddrInUse
    ? `end what listens there, or choose others in ${where}`
    : `set an address of this machine, and a port that it may take, in ${where}`;
  return new Error(
    `Cannot listen on ${withPort(hostname, port)} (${name}): ${error.message}; ${fix}`,
    { cause: error },
  );
}

/** Whether it is the port that cannot be had, not the family of addresses. */
function isTaken(error: unknown): boolean {
  return error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied;
}
