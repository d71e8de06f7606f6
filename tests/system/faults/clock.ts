/** Debian's libfaketime, in a program's way to the clocks of the system. */
const LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** Writes what a program goes by, in one step. */
function tell(file: string, time: string): void {
  Deno.writeTextFileSync(`${file}.new`, time);
  Deno.renameSync(`${file}.new`, file);
}

/** A clock that is set to another time while a program runs; its timers go on as they were. */
export class SetClock {
  readonly #file: string;

  /** @param file tells the program the time; made here. */
  constructor(file: string) {
    this.#file = file;
    tell(file, "+0");
  }

  /** Starts a program that has this clock. */
  get launcher(): string[] {
    return [
      ...["env", `LD_PRELOAD=${LIBRARY}`, "FAKETIME_DONT_FAKE_MONOTONIC=1"],
      ...["FAKETIME_NO_CACHE=1", `FAKETIME_TIMESTAMP_FILE=${this.#file}`],
    ];
  }

  /** Sets it so many seconds off. */
  set(seconds: number): void {
    tell(this.#file, `${seconds < 0 ? "" : "+"}${seconds}`);
  }
}

/** How much later than measured a program may hear of another pace, seconds: its clock is never set back. */
const MARGIN_S = 1;

/** A clock whose pace is changed while a program runs: its timers and limits go by it. */
export class PacedClock {
  readonly #file: string;
  readonly #startedAt = performance.now();
  #rate = 1;
  #aheadS = 0;

  /**
   * A clock for a program that is started next.
   *
   * @param file tells the program the pace; made here.
   */
  constructor(file: string) {
    this.#file = file;
    tell(file, "+0");
  }

  /** Starts a program that has this clock. */
  get launcher(): string[] {
    return [
      ...["env", `LD_PRELOAD=${LIBRARY}`, "FAKETIME_NO_CACHE=1"],
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
    ];
  }

  /** Has time pass `rate` times as fast. */
  set(rate: number): void {
    const ranS = (performance.now() - this.#startedAt) / 1_000 + MARGIN_S;
    this.#aheadS = Math.max(0, Math.ceil(this.#aheadS + ranS * (this.#rate - rate)));
    this.#rate = rate;
    tell(this.#file, `+${this.#aheadS} x${rate}`);
  }
}
