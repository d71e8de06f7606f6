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

/** Accounts that are made: with two checkpoints in between. */
const ACCOUNTS = 400;

/** The power goes each time that so many more are acknowledged. */
const CUT_EVERY = 8;

/** What is under way arrives: nothing, everything, half of it. */
const WAYS = [() => false, () => true, alternating()];

Deno.test("what was acknowledged is there when the power went, whatever of the rest the disk has", async () => {
  await using folder = temporaryFolder();
  const path = storePath(folder.path);
  makeDatabase(path);
  const before = Deno.readFileSync(path);
  const trace = `${folder.path}/trace`;
  const writer = [Deno.execPath(), "run", "-A", "--no-check", WRITER, folder.path, `${ACCOUNTS}`];
  await must("strace", [...STRACE_OPTIONS, `--output=${trace}`, ...writer]);
  const events = [...readTrace(Deno.readTextFileSync(trace))];

  const cuts = [...cutsOf(events, { path, before, every: CUT_EVERY })];
  assert.equal(cuts.length, ACCOUNTS / CUT_EVERY * WAYS.length);
  assert.deepEqual(cuts.filter(({ lost, damage }) => lost.length > 0 || damage !== undefined), []);
  assert.ok(events.some((event) => event.what === "write" && event.path === path), "a checkpoint");

  // And it shows what is lost: nobody waits for the log.
  const heedless = events.filter((event) =>
    !event.what.startsWith("sync") || !("path" in event) || event.path !== `${path}-wal`
  );
  const heedlessCuts = [...cutsOf(heedless, { path, before, every: ACCOUNTS })];
  assert.ok(heedlessCuts.some(({ lost }) => lost.length > 0));
});

/** What is there when the power goes at some moments, in each of the {@linkcode WAYS}. */
function* cutsOf(
  events: readonly FileEvent[],
  { path, before, every }: { path: string; before: Uint8Array<ArrayBuffer>; every: number },
): Generator<{ lost: string[]; damage: string | undefined }> {
  const disk = new LazyDisk({ [path]: before, [`${path}-wal`]: new Uint8Array(0) });
  const acknowledged: string[] = [];
  for (const event of events) {
    disk.follow(event);
    if (event.what !== "said") continue;
    acknowledged.push(event.text.trim());
    if (acknowledged.length % every !== 0) continue;
    for (const arrives of WAYS) yield lookAt(disk.afterCut(arrives), path, acknowledged);
  }
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
  const [row] = db.prepare("PRAGMA integrity_check").all();
  const names = new Set(db.prepare("SELECT username FROM account").all().map((r) => r.username));
  return {
    lost: acknowledged.filter((name) => !names.has(name)),
    damage: row!.integrity_check === "ok" ? undefined : String(row!.integrity_check),
  };
}

/** True every other time, by turns that no page or sector keeps step with. */
function alternating(): () => boolean {
  let turn = 0;
  return () => (turn = (turn * 1_103_515_245 + 12_345) % 2_147_483_648) > 1_073_741_824;
}
