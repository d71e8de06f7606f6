import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { makeDatabase, storePath } from "../store/helpers.ts";
import { LazyDisk } from "./power_cut/disk.ts";
import { type FileEvent, readTrace, STRACE_OPTIONS } from "./power_cut/trace.ts";

const WRITER = fileURLToPath(new URL("power_cut/writer.ts", import.meta.url));

/** Accounts that are made. */
const ACCOUNTS = 400;

/** The power goes each time that so many more are acknowledged. */
const CUT_EVERY = 8;

/** Of a checkpoint's writes each so many counts as a moment of its own. */
const CHECKPOINT_WRITES = 40;

/** What is under way arrives: nothing, everything, half of it. */
const WAYS = [() => false, () => true, alternating()];

/**
 * Has so many pages of the log put into the database together, in the thread that writes or in another one, which
 * more is written beside.
 */
const CHECKPOINTS = {
  "the same": { pages: 200, quickDiskMs: Infinity },
  another: { pages: 50, quickDiskMs: -1 },
};

for (const [thread, { pages, quickDiskMs }] of Object.entries(CHECKPOINTS)) {
  Deno.test(`what was acknowledged is there when the power went, whatever of the rest the disk has; checkpoints in ${thread} thread`, async () => {
    await using folder = temporaryFolder();
    const path = storePath(folder.path);
    makeDatabase(path);
    const before = Deno.readFileSync(path);
    const trace = `${folder.path}/trace`;
    const writer = [Deno.execPath(), "run", "-A", "--no-check", WRITER, folder.path];
    const counts = [ACCOUNTS, pages, quickDiskMs].map(String);
    await must("strace", [...STRACE_OPTIONS, `--output=${trace}`, ...writer, ...counts]);
    const events = [...readTrace(Deno.readTextFileSync(trace))];

    const cuts = [...cutsOf(events, { path, before, every: CUT_EVERY })];
    const logs = events.filter((event) => beginsLog(event, path)).length;
    assert.ok(logs > 1, "the log began anew");
    assert.ok(cuts.length > (ACCOUNTS / CUT_EVERY + 3 * logs) * WAYS.length);
    assert.deepEqual(cuts.filter(({ lost, damage }) => lost.length > 0 || damage), []);

    // And it shows what is lost, and damaged, where nobody waits for the log.
    const heedless = events.filter((event) =>
      !event.what.startsWith("sync") || !("path" in event) || event.path !== `${path}-wal`
    );
    const heedlessCuts = [...cutsOf(heedless, { path, before, every: ACCOUNTS })];
    assert.ok(heedlessCuts.some(({ lost }) => lost.length > 0));
    assert.ok(heedlessCuts.some(({ damage }) => damage));
  });
}

/** What is there when the power goes at some moments, in each of the {@linkcode WAYS}. */
function* cutsOf(
  events: readonly FileEvent[],
  { path, before, every }: { path: string; before: Uint8Array<ArrayBuffer>; every: number },
): Generator<{ lost: string[]; damage: string | undefined }> {
  const disk = new LazyDisk({ [path]: before, [`${path}-wal`]: new Uint8Array(0) });
  const acknowledged: string[] = [];
  const isOfCheckpoint = checkpointMoments(path);
  for (const event of events) {
    disk.follow(event);
    if (event.what === "said") acknowledged.push(event.text.trim());
    const isMoment = event.what === "said"
      ? acknowledged.length % every === 0
      : isOfCheckpoint(event);
    if (!isMoment) continue;
    for (const arrives of WAYS) yield lookAt(disk.afterCut(arrives), path, acknowledged);
  }
}

/** Tells moments of checkpoints: each sync of the database, some of the writes to it, and what follows as a log begins anew. */
function checkpointMoments(path: string): (event: FileEvent) => boolean {
  let [writes, following] = [0, 0];
  return (event) => {
    if (beginsLog(event, path)) following = 4;
    if (following > 0) return following-- > 0;
    if (!("path" in event) || event.path !== path) return false;
    return event.what !== "write" || writes++ % CHECKPOINT_WRITES === 0;
  };
}

/** Whether an event is the first write of a log: its head, with another number than that of the one before. */
function beginsLog(event: FileEvent, path: string): boolean {
  return event.what === "write" && event.path === `${path}-wal` && event.at === 0;
}

function lookAt(
  files: [path: string, bytes: Uint8Array][],
  path: string,
  acknowledged: readonly string[],
): { lost: string[]; damage: string | undefined } {
  // The writer's: made anew from the log.
  rmSync(`${path}-shm`, { force: true });
  for (const [path, bytes] of files) Deno.writeFileSync(path, bytes);
  using db = new DatabaseSync(path);
  try {
    const [row] = db.prepare("PRAGMA integrity_check").all();
    const names = new Set(db.prepare("SELECT username FROM account").all().map((r) => r.username));
    return {
      lost: acknowledged.filter((name) => !names.has(name)),
      damage: row!.integrity_check === "ok" ? undefined : String(row!.integrity_check),
    };
  } catch (error) {
    return { lost: [], damage: (error as Error).message };
  }
}

/** True every other time, by turns that no page or sector keeps step with. */
function alternating(): () => boolean {
  let turn = 0;
  return () => (turn = (turn * 1_103_515_245 + 12_345) % 2_147_483_648) > 1_073_741_824;
}
