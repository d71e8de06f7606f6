/** Debian's libfaketime, in a program's way to the clocks of the system. */
const LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** Starts a program for which time passes so many times as fast: its clocks, timers and limits. */
export function fasterClock(rate: number): string[] {
  return rate === 1 ? [] : ["env", `LD_PRELOAD=${LIBRARY}`, `FAKETIME=+0 x${rate}`];
}

/** A clock that is set to another time while a program runs; its timers go on as they were. */
export class SetClock {
  readonly #file: string;

  /** @param file tells the program the time; made here. */
  constructor(file: string) {
    this.#file = file;
    Deno.writeTextFileSync(file, "+0");
  }

  /** Starts a program that has this clock. */
  get launcher(): string[] {
    return [
      ...["env", `LD_PRELOAD=${LIBRARY}`, "FAKETIME_DONT_FAKE_MONOTONIC=1"],
      ...["FAKETIME_CACHE_DURATION=1", `FAKETIME_TIMESTAMP_FILE=${this.#file}`],
    ];
  }

  /** Sets it so many seconds off; the program notices within some seconds. */
  set(seconds: number): void {
    Deno.writeTextFileSync(this.#file, `${seconds < 0 ? "" : "+"}${seconds}`);
  }
}
