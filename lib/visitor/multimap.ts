import { Roll, type Seat } from "../net/roll.ts";

/** Several values by a key; a key without any takes no room. */
export class Multimap<Key, Value> {
  readonly #values = new Map<Key, Roll<Value>>();

  /** Values of all keys. */
  get size(): number {
    let sum = 0;
    for (const values of this.#values.values()) sum += values.size;
    return sum;
  }

  /** Keys that have values. */
  keys(): IterableIterator<Key> {
    return this.#values.keys();
  }

  /** How many values a key has. */
  sizeOf(key: Key): number {
    return this.#values.get(key)?.size ?? 0;
  }

  /** The values of a key at the moment. */
  get(key: Key): Value[] {
    return this.#values.get(key)?.values() ?? [];
  }

  /** Each key with each of its values. */
  *entries(): Generator<[Key, Value], void> {
    for (const [key, values] of this.#values) {
      for (const value of values.values()) yield [key, value];
    }
  }

  /** Adds a value; by its seat it is deleted. */
  add(key: Key, value: Value): Seat<Value> {
    let values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, values = new Roll());
    return values.add(value);
  }

  /** Deletes what was added to this key; once more does nothing. */
  delete(key: Key, seat: Seat<Value>): void {
    if (!seat.leave()) return;
    if (this.#values.get(key)?.size === 0) this.#values.delete(key);
  }
}
