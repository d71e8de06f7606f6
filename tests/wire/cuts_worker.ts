import { checkCuts } from "./cuts.ts";
import type { CutsJob } from "./cuts_pool.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: (event: { data: CutsJob }) => void;
  postMessage(answer: { tried: number; error?: string }): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data: { bytes, stride } }) => {
  try {
    scope.postMessage({ tried: checkCuts(bytes, stride) });
  } catch (error) {
    scope.postMessage({ tried: 0, error: (error as Error).message });
  }
};
