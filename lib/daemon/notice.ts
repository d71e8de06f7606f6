/**
 * Something that is told to whoever asked to be: how parts act on parts that are built after them.
 */
export class Notice<T> {
  readonly #listeners: ((what: T) => void)[] = [];

  /** Calls the function with each thing that is told from now on. */
  on(listener: (what: T) => void): void {
    this.#listeners.push(listener);
  }

  /** Tells all, in the order in which they asked. */
  readonly tell = (what: T): void => {
    for (const listener of this.#listeners) listener(what);
  };
}
