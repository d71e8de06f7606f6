/** Round trips that a visitor pays who connects to the client itself: TCP, TLS 1.3, HTTP. */
const DIRECT = 3;

/**
 * What a visitor cannot do without, in round trips to the relay: one to connect, and two of TLS 1.3
 * and HTTP that go on from there to the client.
 */
const NEEDED = 1 + 2 * 2;

/**
 * Round trips that a relay adds for a visitor where every link takes as long.
 *
 * @param ms until the visitor's first byte of the page.
 * @param directMs the same of one who connects to the client itself: how long a round trip really is.
 */
export function roundTripsAdded(ms: number, directMs: number): number {
  return ms / (directMs / DIRECT) - NEEDED;
}
