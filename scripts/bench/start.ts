import { startRelay } from "../../tests/stories/relay.ts";
import type { Bench } from "./bench.ts";
import { median } from "./numbers.ts";

/** Where the executable is put by the compile task. */
const EXECUTABLE = new URL("../../dist/glossond", import.meta.url);

/** Time from start to ready with the state of an earlier run, and the size of the executable. */
export async function start(bench: Bench): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  const times: number[] = [];
  try {
    for (let round = 0; round <= bench.rounds; round++) {
      bench.tell(`start, round ${round}`);
      const began = performance.now();
      const relay = await startRelay({ dir, settings: { LOG_LEVEL: "info" } });
      // Round 0 makes the keys and the database.
      if (round > 0) times.push(performance.now() - began);
      await relay.stop();
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  const size = await Deno.stat(Deno.env.get("GLOSSOND_BIN") ?? EXECUTABLE)
    .then((info) => info.size / 1e6, () => undefined);
  bench.add({
    section: "start",
    target: "glossond",
    case: Deno.env.has("GLOSSOND_BIN") ? "executable" : "from source",
    values: { readyAfterMs: median(times), executableMb: size },
  });
}
