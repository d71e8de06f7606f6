import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { makeDatabase, storePath } from "../store/helpers.ts";

const WRITER = fileURLToPath(new URL("slow_disk/writer.ts", import.meta.url));

/** How long the disk takes. */
const DISK_MS = 1_000;

Deno.test("while the log is put into the database on a slow disk, everything else goes on", async () => {
  await using folder = temporaryFolder();
  const pauses = await pausesOn(folder.path, []);
  assert.ok(Math.max(...pauses) < DISK_MS / 2, `${pauses} ms`);
});

Deno.test("everything else goes on, but for the first time, where a disk is slow with pages all over the database alone", async () => {
  await using folder = temporaryFolder();
  const [, ...pauses] = await pausesOn(folder.path, [`--trace-path=${storePath(folder.path)}`]);
  assert.ok(Math.max(...pauses) < DISK_MS / 2, `${pauses} ms`);
});

/** For how long nothing else went on, each time that the log was put into the database, milliseconds. */
async function pausesOn(stateDir: string, which: string[]): Promise<number[]> {
  makeDatabase(storePath(stateDir));
  const trace = `${stateDir}/trace`;
  const slowly = [
    ...["--follow-forks", "--seccomp-bpf", "--decode-fds=path", "--trace=fsync,fdatasync"],
    ...[`--inject=fsync,fdatasync:delay_enter=${DISK_MS * 1_000}`, `--output=${trace}`, ...which],
  ];
  const writer = [Deno.execPath(), "run", "-A", "--no-check", WRITER, stateDir];
  const pauses = (await must("strace", [...slowly, ...writer])).trim().split("\n").map(Number);
  const calls = Deno.readTextFileSync(trace).split(`<${storePath(stateDir)}>`).length - 1;
  assert.ok(calls >= pauses.length, "a checkpoint each");
  return pauses;
}
