import { type Schedule, timeout } from "../net/schedule.ts";

/** Does one thing again and again, each time when the time before has said, until it is stopped. */
export class Turns {
  readonly #turn: () => Promise<number>;
  readonly #schedule: Schedule;
  #callOff: () => void;
  #stopped = false;

  /**
   * @param turn does it once; milliseconds from its end to the next time. Never rejects.
   * @param firstMs until the first time.
   */
  constructor(turn: () => Promise<number>, firstMs: number, schedule: Schedule = timeout) {
    this.#turn = turn;
    this.#schedule = schedule;
    this.#callOff = schedule(this.#run, firstMs);
  }

  /** Whether there are no more turns: one that is under way is to leave things as they are. */
  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    this.#callOff();
  }

  readonly #run = async (): Promise<void> => {
    const waitMs = await this.#turn();
    if (!this.#stopped) this.#callOff = this.#schedule(this.#run, waitMs);
  };
}
