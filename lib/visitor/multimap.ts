/** Several values by a key, none of them twice; a key without any takes no room. */
export class Multimap<Key, Value> {
  readonly #values = new Map<Key, Set<Value>>();

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

  /** The values of a key at the moment. */
  get(key: Key): ReadonlySet<Value> {
    return this.#values.get(key) ?? new Set();
  }

  /** Each key with each of its values. */
  *entries(): Generator<[Key, Value], void> {
    for (const [key, values] of this.#values) for (const value of values) yield [key, value];
  }

  add(key: Key, value: Value): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, new Set([value]));
    else values.add(value);
  }

  delete(key: Key, value: Value): void {
    const values = this.#values.get(key);
    values?.delete(value);
    if (values?.size === 0) this.#values.delete(key);
  }
}
