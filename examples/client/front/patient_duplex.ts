import type { Schedule } from "../../../lib/net/schedule.ts";
import type { Duplex } from "../../../lib/net/splice.ts";

/** A connection that is closed once a read or a write takes longer than its limit, milliseconds. */
export class PatientDuplex implements Duplex {
  readonly #conn: Duplex;
  readonly #schedule: Schedule;
  readonly #limits: { read: number; write: number };

  constructor(conn: Duplex, schedule: Schedule, limits: { read: number; write: number }) {
    this.#conn = conn;
    this.#schedule = schedule;
    this.#limits = limits;
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.#within(this.#limits.read, this.#conn.read(p));
  }

  write(p: Uint8Array): Promise<number> {
    return this.#within(this.#limits.write, this.#conn.write(p));
  }

  closeWrite(): Promise<void> {
    return this.#within(this.#limits.write, this.#conn.closeWrite());
  }

  close(): void {
    this.#conn.close();
  }

  async #within<T>(ms: number, done: Promise<T>): Promise<T> {
    let late = false;
    const callOff = this.#schedule(() => {
      late = true;
      this.#conn.close();
    }, ms);
    try {
      return await done;
    } catch (error) {
      throw late ? new Error(`Cannot go on: nothing moved for ${ms / 1000} s`) : error;
    } finally {
      callOff();
    }
  }
}
