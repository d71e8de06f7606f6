/** How long visitors may take and be silent, milliseconds. */
export interface VisitorLimits {
  /** For the TLS handshake. */
  handshake: number;
  /** For the head of a request, from its first byte; the first request's from the handshake. */
  head: number;
  /** Between an answer and the next request. */
  keepAlive: number;
  /** Within an upload that the app would take. */
  upload: number;
  /** Within an answer: none of it was taken. Kernels on the way hold much, so this is longer. */
  download: number;
  /** With the visitor's side ended: nothing more was sent to them. */
  halfClosed: number;
  /** For whoever was answered early to stop sending and close. */
  linger: number;
}

/** How long a visitor may be silent unless told otherwise, milliseconds. */
export const VISITOR_SILENCE_MS = 60_000;

/** Longest time for a handshake, which is two round trips: what it takes is held as long. */
const HANDSHAKE_MS = 10_000;

/** Least time for a head, however short silences may be: a busy computer needs some. */
const LEAST_HEAD_MS = 10_000;

/** The limits that follow from how long a visitor may be silent, milliseconds. */
export function limitsFor(silence: number): VisitorLimits {
  return {
    handshake: Math.min(HANDSHAKE_MS, silence),
    head: Math.max(silence / 2, LEAST_HEAD_MS),
    keepAlive: silence,
    upload: silence,
    download: silence * 10,
    halfClosed: silence * 2,
    linger: Math.min(5_000, silence),
  };
}

/** The limits unless told otherwise. */
export const VISITOR_LIMITS: Readonly<VisitorLimits> = limitsFor(VISITOR_SILENCE_MS);
