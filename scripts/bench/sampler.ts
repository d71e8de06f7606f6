import { Session } from "node:inspector";

/** Average distance between two samples, bytes. */
const INTERVAL_BYTES = 2_048;

/** Where the relay's own functions are. */
const OWN = new URL("../../lib/", import.meta.url).href;

/** A node of V8's sampling heap profile. */
interface ProfileNode {
  callFrame: { url: string };
  /** Bytes allocated in the function itself. */
  selfSize: number;
  children: ProfileNode[];
}

/** What was allocated between two signals, bytes. */
export interface Allocations {
  all: number;
  /** Of it, by functions of the relay itself and not of the runtime or a package. */
  own: number;
}

/**
 * Samples what this process allocates from one SIGUSR2 to the next, and writes it to a file then.
 *
 * Meant to be called by a module that is loaded before the relay (`--preload`).
 */
export function sampleTo(file: string): void {
  const session = new Session();
  session.connect();
  let sampling = false;
  Deno.addSignalListener("SIGUSR2", () => {
    sampling = !sampling;
    if (sampling) {
      session.post("HeapProfiler.startSampling", {
        samplingInterval: INTERVAL_BYTES,
        includeObjectsCollectedByMajorGC: true,
        includeObjectsCollectedByMinorGC: true,
      });
    } else {
      session.post("HeapProfiler.stopSampling", (error, result) => {
        if (error) throw error;
        Deno.writeTextFileSync(`${file}.new`, JSON.stringify(sum(result.profile.head)));
        Deno.renameSync(`${file}.new`, file);
      });
    }
  });
}

function sum({ callFrame, selfSize, children }: ProfileNode): Allocations {
  const own = callFrame.url.startsWith(OWN);
  return children.map(sum).reduce(
    (a, b) => ({ all: a.all + b.all, own: a.own + b.own }),
    { all: selfSize, own: own ? selfSize : 0 },
  );
}
