import { sleep } from "../../lib/net/pause.ts";
import { type Glossond, startGlossond } from "./glossond.ts";

/** How long the relay may take to write what it found. */
const WRITE_TIMEOUT_MS = 10_000;

/** A relay of one user that samples itself. */
export interface Sampled extends AsyncDisposable {
  readonly glossond: Glossond;
  /** Has it sample itself while something is done, and returns what it wrote. */
  during(act: () => Promise<unknown>): Promise<unknown>;
}

/**
 * Starts a relay with a sampler that is loaded before it.
 *
 * @param name of a module beside this one, whose `sampleTo` samples from one SIGUSR2 to the next, and then
 * writes JSON to the file that it is called with, in one step.
 */
export async function startSampled(name: "sampler.ts" | "profiler.ts"): Promise<Sampled> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const sampler = JSON.stringify(new URL(`./${name}`, import.meta.url).href);
  const file = `${dir}/sampled.json`;
  await Deno.writeTextFile(
    `${dir}/preload.ts`,
    `import { sampleTo } from ${sampler};\nsampleTo(${JSON.stringify(file)});\n`,
  );
  const glossond = stack.use(await startGlossond({ users: 1, preload: `${dir}/preload.ts` }));
  const { pid } = glossond.relay;
  const started = stack.move();
  return {
    glossond,
    async during(act) {
      Deno.kill(pid, "SIGUSR2");
      await act();
      Deno.kill(pid, "SIGUSR2");
      return await written(file);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** What a file holds, once it is there. */
async function written(file: string): Promise<unknown> {
  for (const began = performance.now(); performance.now() - began < WRITE_TIMEOUT_MS;) {
    try {
      return JSON.parse(await Deno.readTextFile(file));
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`Cannot read what the relay found of itself: it did not write ${file}`);
}
