/** Sets in the DNS that are this relay's: for each type what it may have written. */
export type OwnedSets = ReadonlyMap<string, ReadonlySet<string>>;

/** A name, and the sets at it that are this relay's, each by its type and what it holds. */
export interface OwnSets {
  name: string;
  sets: readonly { type: string; contents: string }[];
}

/** The journal of which sets in the DNS are this relay's. Rejects as the `Store` does. */
export interface NameStore {
  /** The sets of every name that has such. */
  all(): Promise<ReadonlyMap<string, OwnedSets>>;
  /** The sets of a name; empty where it has none. */
  of(name: string): Promise<OwnedSets>;
  /** The names below a name that have sets. */
  below(name: string): Promise<string[]>;
  /** Comes before these sets are written: what was written before stays this relay's, too. */
  writing(all: readonly OwnSets[]): Promise<void>;
  /** Comes after: at these names these sets and no others are this relay's. */
  written(all: readonly OwnSets[]): Promise<void>;
}
