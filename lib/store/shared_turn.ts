/** Somebody else has the turn by now; what was read in it may have changed since. */
export class LostTurnError extends Error {
  override readonly name = "LostTurnError";
}

/** The turn to write to zones that all relays of BASE write to: one has it at a time. */
export interface SharedTurn {
  /**
   * Waits for it.
   *
   * @throws {Error} when others have it for too long, or the database cannot be asked.
   */
  take(): Promise<void>;
  /**
   * Sees that it is still there, and holds it long enough for one write that begins now.
   *
   * @throws {LostTurnError} when another has it by now.
   */
  look(): Promise<void>;
  /** Leaves it to the next; where the database cannot be asked it ends by itself. Never rejects. */
  release(): Promise<void>;
  close(): Promise<void>;
}
