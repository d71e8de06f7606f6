import type { RelayView } from "./engine.ts";

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
