/** A hello to check with `checkCuts()`. */
export interface CutsJob {
  name: string;
  bytes: Uint8Array;
  stride: number;
}

/** What came of a job: the cuts tried, and what `checkCuts()` threw. */
export interface CutsResult extends CutsJob {
  tried: number;
  error?: string;
}

/** Runs `checkCuts()` for many hellos, on every core; results come in the order of the jobs. */
export async function checkManyCuts(jobs: CutsJob[]): Promise<CutsResult[]> {
  const results: CutsResult[] = [];
  // The longest first, so that the cores end together.
  const left = jobs.map((_, i) => i).sort((a, b) => work(jobs[a]!) - work(jobs[b]!));

  async function runWorker(): Promise<void> {
    const worker = new Worker(new URL("./cuts_worker.ts", import.meta.url), { type: "module" });
    for (let i = left.pop(); i !== undefined; i = left.pop()) {
      const answer = Promise.withResolvers<{ tried: number; error?: string }>();
      worker.onmessage = ({ data }) => answer.resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        answer.reject(new Error(event.message));
      };
      worker.postMessage(jobs[i]!);
      results[i] = { ...jobs[i]!, ...await answer.promise };
    }
    worker.terminate();
  }

  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, runWorker));
  return results;
}

function work({ bytes, stride }: CutsJob): number {
  return (bytes.length / stride) ** 2 * bytes.length;
}
