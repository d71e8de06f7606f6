/** What a connection begins with, where a request of SOCKS4 may come first. */
export type Socks4Request =
  /** Nothing so far, or a request that is not complete. */
  | { state: "more" }
  /** Something else. */
  | { state: "none" }
  /** A whole request to connect, of `length` bytes. */
  | { state: "request"; length: number }
  /** A request that is not to be granted; `detail` is a clause for a person. */
  | { state: "reject"; detail: string };

/**
 * The answer that grants a request (SOCKS4, section CONNECT): who asked may send now. Its port and address
 * are to be ignored.
 */
export const SOCKS4_GRANTED: Uint8Array<ArrayBuffer> = Uint8Array.of(0, 90, 0, 0, 0, 0, 0, 0);

const VERSION = 4;
const CONNECT = 1;

/** Version, command, port, address; behind them a user's name and a NUL. */
const FIXED_BYTES = 8;

/** Longest name of a user that is read: HAProxy's is `HAProxy`. */
const MAX_USER_BYTES = 64;

/** Reads a request to connect of SOCKS4; where to, and who asks, is skipped unread. */
export function parseSocks4Request(bytes: Uint8Array): Socks4Request {
  const [version, command] = bytes;
  if (version === undefined) return { state: "more" };
  if (version !== VERSION) return { state: "none" };
  if (command !== undefined && command !== CONNECT) {
    return { state: "reject", detail: `the SOCKS4 request has the command ${command}` };
  }
  const end = bytes.subarray(FIXED_BYTES, FIXED_BYTES + MAX_USER_BYTES + 1).indexOf(0);
  if (end !== -1) return { state: "request", length: FIXED_BYTES + end + 1 };
  if (bytes.length <= FIXED_BYTES + MAX_USER_BYTES) return { state: "more" };
  return {
    state: "reject",
    detail: `the SOCKS4 request has a user's name above ${MAX_USER_BYTES} bytes`,
  };
}
