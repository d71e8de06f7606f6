import type { Peer } from "./peers.ts";
import type { Row } from "./table.ts";

/** What every section of the benchmark is given. */
export interface Bench {
  /** Whether the run is to be short. */
  quick: boolean;
  /** How often each target is measured; targets take turns. */
  rounds: number;
  /** Peers that are installed and wanted. */
  peers: readonly Peer[];
  /** Whether a peer of a name is wanted, installed or not. */
  wants: (name: string) => boolean;
  /** A checkout of an earlier version to measure too, with a slash behind it. */
  before?: string;
  /** Takes a line of the results. */
  add: (row: Row) => void;
  /**
   * Does something with a target; false, and told, when a peer fails at it. What glossond fails at
   * is thrown.
   */
  mayFail: (target: string, act: () => Promise<unknown>) => Promise<boolean>;
  /** Tells the person who waits what is going on. */
  tell: (text: string) => void;
}
