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

/** The limits unless options say otherwise. */
export const VISITOR_LIMITS: Readonly<VisitorLimits> = {
  handshake: 20_000,
  head: 30_000,
  keepAlive: 60_000,
  upload: 60_000,
  download: 600_000,
  halfClosed: 120_000,
  linger: 5_000,
};
