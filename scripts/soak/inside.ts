/**
 * Loaded into a relay before its own modules: writes down again and again how many timers wait and how much
 * memory JavaScript holds after a collection, gives back to the system what the allocator holds free, and plants a
 * leak where one is asked for.
 */
import process from "node:process";
import v8 from "node:v8";
import { collectGarbage } from "./collect.ts";
import type { Inside, Plant } from "./gauge.ts";

/** How often it writes, milliseconds: as often as a long soak takes samples. */
const WRITE_MS = 2_000;

/** How often a planted leak grows, milliseconds. */
const PLANT_MS = 100;

/** How long a planted timer waits: longer than any soak, milliseconds. */
const PLANTED_TIMER_MS = 86_400_000;

/**
 * Spaces of V8's heap for what it compiles: machine code, bytecode and their tables. They grow for as long as
 * functions turn out to be busy, and no further than these can be compiled: 0.8 MB from minute 5 on, next
 * to nothing from minute 13 on. Nothing that the relay holds is there, and all of it is resident memory, too.
 */
const COMPILED: ReadonlySet<string> = new Set([
  "code_space",
  "code_large_object_space",
  "trusted_space",
  "trusted_large_object_space",
]);

const { SOAK_FOLDER, SOAK_PLANT } = Deno.env.toObject();
const file = `${SOAK_FOLDER}/${Deno.pid}.json`;
/** glibc, whose allocator keeps what bursts took as long as anything above it in its heap is in use: 26 MB for hours. */
const libc = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } });
every(WRITE_MS, () => {
  collectGarbage();
  libc.symbols.malloc_trim(0n);
  const inside: Inside = {
    timers: process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length,
    heapBytes: v8.getHeapSpaceStatistics()
      .filter(({ space_name }) => !COMPILED.has(space_name))
      .reduce((sum, { space_used_size }) => sum + space_used_size, 0),
  };
  Deno.writeTextFileSync(`${file}.new`, JSON.stringify(inside));
  Deno.renameSync(`${file}.new`, file);
});

/** What a planted leak holds. */
const kept: unknown[] = [];
const plants: Record<Plant, () => void> = {
  timers: () => void setTimeout(() => {}, PLANTED_TIMER_MS),
  descriptors: () => void kept.push(Deno.openSync("/dev/null")),
  memory: () => void kept.push(Array.from({ length: 10_000 }, () => ({}))),
};
if (SOAK_PLANT) every(PLANT_MS, plants[SOAK_PLANT as Plant]);

/** Does something again and again; the relay, which is loaded once nothing else waits, does not end for it. */
function every(ms: number, act: () => void): void {
  setInterval(act, ms).unref();
}
