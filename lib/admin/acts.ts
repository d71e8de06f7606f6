/** Who asked for an act by a command, as the store notes it. */
export interface OperatorTrace {
  by: "operator";
  uid?: number;
  sudoUid?: number;
  reason?: string;
}

/** Something that was done, as the operator sees it. */
export interface ActView {
  /** RFC 3339. */
  at: string;
  act: string;
  username: string | null;
  detail: string | null;
  by: "operator" | "user" | "signal";
  uid: number | null;
  sudoUid: number | null;
  reason: string | null;
}

/** Longest reason, characters. */
export const MAX_REASON_LENGTH = 500;

/**
 * What a command says of who calls it. It is taken at its word, since the runtime does not tell who is at
 * the other end of a socket: only the relay's user and root reach it, and either could write to the state
 * itself.
 *
 * @throws {TypeError} when it is none.
 */
export function readTrace(body: unknown): OperatorTrace {
  if (typeof body !== "object" || body === null) throw new TypeError("send who asks, as JSON");
  const { uid, sudoUid, reason } = body as Record<string, unknown>;
  const isId = (id: unknown): id is number => Number.isSafeInteger(id) && Number(id) >= 0;
  if (reason !== undefined && (typeof reason !== "string" || reason.length > MAX_REASON_LENGTH)) {
    throw new TypeError(`reason is a text of at most ${MAX_REASON_LENGTH} characters`);
  }
  return {
    by: "operator",
    ...(isId(uid) && { uid }),
    ...(isId(sudoUid) && { sudoUid }),
    ...(reason !== undefined && { reason }),
  };
}
