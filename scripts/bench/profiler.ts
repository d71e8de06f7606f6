import { Session } from "node:inspector";

/** Average time between two samples, microseconds. */
const INTERVAL_US = 250;

/** A function in V8's profile, as it was called by another. */
export interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string };
  children?: number[];
}

/** V8's profile of the processor's time, as DevTools read it from a `.cpuprofile`. */
export interface Profile {
  nodes: ProfileNode[];
  /** The node that each sample found. */
  samples: number[];
  /** Microseconds before each sample. */
  timeDeltas: number[];
}

/**
 * Profiles this process from one SIGUSR2 to the next, and writes it to a file then.
 *
 * Meant to be called by a module that is loaded before the relay (`--preload`).
 */
export function sampleTo(file: string): void {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });
  let sampling = false;
  Deno.addSignalListener("SIGUSR2", () => {
    sampling = !sampling;
    if (sampling) session.post("Profiler.start");
    else {
      session.post("Profiler.stop", (error, result) => {
        if (error) throw error;
        Deno.writeTextFileSync(`${file}.new`, JSON.stringify(result.profile));
        Deno.renameSync(`${file}.new`, file);
      });
    }
  });
}
