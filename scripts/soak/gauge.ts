import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { storePath } from "../../tests/store/helpers.ts";
import type { Relay } from "../../tests/stories/relay.ts";
import { usageOf } from "../bench/usage.ts";
import { V8_FLAGS } from "../compile/programs.ts";
import type { Watched } from "./legs.ts";

/** What a relay tells of itself, see `inside.ts`. */
export interface Inside {
  /** Timers that wait, repeating ones too. */
  timers: number;
  /** JavaScript's memory in use after a collection, without what is compiled. */
  heapBytes: number;
}

/** Leaks that can be planted, to see that they are found. */
export const PLANTS = ["timers", "descriptors", "memory"] as const;

/** One of {@linkcode PLANTS}. */
export type Plant = typeof PLANTS[number];

/** What must not grow of a relay's process. */
export const PROCESS_FIGURES = ["rssMb", "heapMb", "descriptors", "timers"] as const;
/** What must not grow of its state folder, which its successor goes on with. */
export const STATE_FIGURES = ["rows", "files"] as const;

/** Name of a figure. */
export type Figure = typeof PROCESS_FIGURES[number] | typeof STATE_FIGURES[number];

/** What the relay keeps of the past by design, for a claim's hour at least, or some thousands of acts. */
const HISTORIES = ["certificate_order", "claim_check", "resting_name", "act"];

/**
 * Nothing is optimized: the tables of what depends on optimized code are among what JavaScript holds, and grow by 6 KB a
 * minute for as long as there are functions that turn out to be busy. Leaks are the same.
 */
const MEASURABLE = "--expose-gc,--no-maglev";

/** Reads figures of relays that follow each other on a folder. */
export class Gauge {
  readonly #folder: string;
  /** What was seen so far. */
  readonly watched: Watched = {
    eras: [],
    samples: { rssMb: [], heapMb: [], descriptors: [], timers: [], rows: [], files: [] },
  };

  /** @param folder for what relays tell of themselves. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Options of a relay that it can read. @param plant a leak to have in it. */
  relayOptions(plant?: Plant): { launcher: string[]; preload: string } {
    return {
      launcher: [
        ...["env", `DENO_V8_FLAGS=${V8_FLAGS},${MEASURABLE}`, `SOAK_FOLDER=${this.#folder}`],
        `SOAK_PLANT=${plant ?? ""}`,
      ],
      preload: fileURLToPath(new URL("./inside.ts", import.meta.url)),
    };
  }

  /** What follows is of another process. */
  nextEra(atS: number): void {
    this.watched.eras.push({ startS: atS, endS: atS });
  }

  /** Takes a sample of everything; undefined while the relay has not told of itself. */
  async sample(relay: Relay, atS: number): Promise<Record<Figure, number> | undefined> {
    const { eras, samples } = this.watched;
    const era = eras.length - 1;
    eras[era]!.endS = atS;
    const told = await Deno.readTextFile(`${this.#folder}/${relay.pid}.json`).catch(() =>
      undefined
    );
    if (told === undefined) return undefined;
    const { timers, heapBytes } = JSON.parse(told) as Inside;
    const { rssBytes, descriptors } = usageOf([relay.pid]);
    const figures: Record<Figure, number> = {
      rssMb: rssBytes / 1e6,
      heapMb: heapBytes / 1e6,
      descriptors,
      timers,
      rows: countRows(relay.stateDir),
      files: await countFiles(relay.stateDir),
    };
    for (const [name, value] of Object.entries(figures) as [Figure, number][]) {
      samples[name].push({ atS, value, era });
    }
    return figures;
  }
}

/** Rows of the relay's database, but for {@linkcode HISTORIES}. */
function countRows(stateDir: string): number {
  using db = new DatabaseSync(storePath(stateDir), { readOnly: true, timeout: 5_000 });
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return tables.map(({ name }) => String(name))
    .filter((name) => !HISTORIES.includes(name))
    .reduce(
      (sum, name) => sum + Number(db.prepare(`SELECT count(*) AS n FROM "${name}"`).get()!.n),
      0,
    );
}

/** Counts all but locks, which stay once something was done that needs them, as the first hand-over. */
async function countFiles(folder: string): Promise<number> {
  let count = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) count += await countFiles(`${folder}/${name}`);
    else if (!name.endsWith(".lock")) count++;
  }
  return count;
}
