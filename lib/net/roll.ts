/**
 * Values in the order in which they were added, in the place of a `Set` where they come and go by the
 * thousand.
 *
 * V8 makes a small `Set` anew after every few changes, and links each table to the next. Once one is old, all
 * later ones, and what was in them, outlive the collections of young garbage, which then cost several times
 * as much. Here nothing that was removed leads anywhere.
 */
export class Roll<Value> {
  #first: Seat<Value> | undefined;
  #last: Seat<Value> | undefined;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The one that was added first. */
  get first(): Seat<Value> | undefined {
    return this.#first;
  }

  /** Adds a value behind the others, also one that is there already; by its seat it is removed. */
  add(value: Value): Seat<Value> {
    const seat = new Seat(value, this.#leave, this.#last);
    if (this.#last === undefined) this.#first = seat;
    else this.#last.after = seat;
    this.#last = seat;
    this.#size++;
    return seat;
  }

  /** The values at the moment. */
  values(): Value[] {
    const values: Value[] = [];
    for (let seat = this.#first; seat !== undefined; seat = seat.after) values.push(seat.value);
    return values;
  }

  readonly #leave = ({ before, after }: Seat<Value>): void => {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    this.#size--;
  };
}

/** Where a value is in a {@linkcode Roll}. */
export class Seat<Value> {
  readonly value: Value;
  /** The neighbours; the roll's to set. */
  before: Seat<Value> | undefined;
  after: Seat<Value> | undefined;
  #leave: ((seat: Seat<Value>) => void) | undefined;

  /** Made by {@linkcode Roll.add}. */
  constructor(
    value: Value,
    leave: (seat: Seat<Value>) => void,
    before: Seat<Value> | undefined,
  ) {
    this.value = value;
    this.#leave = leave;
    this.before = before;
  }

  /** Removes the value; false where that was done before. */
  leave(): boolean {
    if (this.#leave === undefined) return false;
    this.#leave(this);
    this.before = this.after = this.#leave = undefined;
    return true;
  }
}
