/**
 * Loaded into a relay before its own modules: writes down every {@linkcode WRITE_MS} how late its event
 * loop was, and how much of that it did not wait for a processor, into a file of its process in the folder that
 * LATENESS_FOLDER names.
 */
import { appendFileSync, readFileSync } from "node:fs";

/** How often the loop is looked at: what is shorter goes unseen. */
const EVERY_MS = 10;

const WRITE_MS = 250;

/** How late an event loop was at most, milliseconds. */
export interface Lateness {
  lateMs: number;
  /** Without what it waited for a processor: what is its own doing, and not that of a busy machine. */
  ownMs: number;
}

/** How long this process's first thread, whose loop it is, has waited for a processor by now, milliseconds. */
function waitedMs(): number {
  return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
}

const folder = Deno.env.get("LATENESS_FOLDER");
if (folder !== undefined) {
  let [due, writeAt, latest, own, waited] = [performance.now() + EVERY_MS, 0, 0, 0, waitedMs()];
  setInterval(() => {
    const [now, wait] = [performance.now(), waitedMs()];
    latest = Math.max(latest, now - due);
    own = Math.max(own, now - due - (wait - waited));
    [due, waited] = [now + EVERY_MS, wait];
    if (now < writeAt) return;
    appendFileSync(`${folder}/${Deno.pid}`, `${Date.now()} ${latest} ${own}\n`);
    [writeAt, latest, own] = [now + WRITE_MS, 0, 0];
    // The relay, which is loaded once nothing else waits, does not wait for it.
  }, EVERY_MS).unref();
}

/** The longest that the loop of a process was late since a time. */
export function latestSince(folder: string, pid: number, since: number): Lateness {
  const lines = readFileSync(`${folder}/${pid}`, "utf8").trim().split("\n")
    .map((line) => line.split(" ").map(Number) as [at: number, late: number, own: number])
    .filter(([at]) => at > since);
  if (lines.length === 0) throw new Error(`process ${pid} has not told how late it is`);
  return {
    lateMs: Math.max(...lines.map(([, late]) => late)),
    ownMs: Math.max(...lines.map(([, , own]) => own)),
  };
}
