/**
 * Loaded into a relay before its own modules: writes down every {@linkcode WRITE_MS} how late its event
 * loop was, into a file of its process in the folder that LATENESS_FOLDER names.
 */
import { appendFileSync, readFileSync } from "node:fs";

/** How often the loop is looked at: what is shorter goes unseen. */
const EVERY_MS = 10;

const WRITE_MS = 250;

const folder = Deno.env.get("LATENESS_FOLDER");
if (folder !== undefined) {
  let [due, writeAt, latest] = [performance.now() + EVERY_MS, 0, 0];
  setInterval(() => {
    const now = performance.now();
    latest = Math.max(latest, now - due);
    due = now + EVERY_MS;
    if (now < writeAt) return;
    appendFileSync(`${folder}/${Deno.pid}`, `${Date.now()} ${latest}\n`);
    [writeAt, latest] = [now + WRITE_MS, 0];
    // The relay, which is loaded once nothing else waits, does not wait for it.
  }, EVERY_MS).unref();
}

/** The longest that the loop of a process was late in since a time, milliseconds. */
export function latestSince(folder: string, pid: number, since: number): number {
  const lines = readFileSync(`${folder}/${pid}`, "utf8").trim().split("\n")
    .map((line) => line.split(" ").map(Number) as [at: number, ms: number])
    .filter(([at]) => at > since);
  if (lines.length === 0) throw new Error(`process ${pid} has not told how late it is`);
  return Math.max(...lines.map(([, ms]) => ms));
}
