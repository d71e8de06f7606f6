import type { ClusterEngine, RelayView } from "./engine.ts";

/** What keeps a relay from knowing of the others, in words for the operator. */
export const FAULTS = {
  taken:
    "another process has this relay's id; give each relay a GLOSSOND_RELAY_ID of its own, and restart this one",
  away: "the database that the relays share cannot be reached",
  deaf:
    "the database has no connection for this relay to listen by, so visitors at other relays do not reach its clients; the log tells why",
} as const;

/** A relay among all of its BASE, for the operator. */
export interface ClusterView {
  id: string;
  /** What is wrong; null when nothing is. */
  fault: string | null;
  /** Users online at other relays. */
  elsewhere: number;
  /** All of them; empty where the database does not answer. */
  relays: RelayView[];
  /** How long the database took, milliseconds; null where it does not answer. */
  answerMs: number | null;
}

/** What {@linkcode lookAtCluster} asks. */
interface Asked {
  engine: Pick<ClusterEngine, "relays">;
  me: { relay: string };
  now?: () => number;
}

/** Looks at all relays, as one of them knows them. Never rejects. */
export async function lookAtCluster(
  { engine, me, now = () => performance.now() }: Asked,
  own: { readonly fault: string | undefined; readonly elsewhere: number },
): Promise<ClusterView> {
  const askedAt = now();
  const relays = await engine.relays().catch(() => undefined);
  return {
    id: me.relay,
    fault: own.fault ?? (relays === undefined ? FAULTS.away : null),
    elsewhere: own.elsewhere,
    relays: relays ?? [],
    answerMs: relays === undefined ? null : Math.round(now() - askedAt),
  };
}
