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
  makeDatabase(storePath(folder.path));
  const trace = `${folder.path}/trace`;
  const slowly = [
    ...["--follow-forks", "--seccomp-bpf", "--decode-fds=path", "--trace=fsync,fdatasync"],
    ...[`--inject=fsync,fdatasync:delay_enter=${DISK_MS * 1_000}`, `--output=${trace}`],
  ];
  const writer = [Deno.execPath(), "run", "-A", "--no-check", WRITER, folder.path];
  const pause = Number(await must("strace", [...slowly, ...writer]));
  const calls = Deno.readTextFileSync(trace);
  assert.ok(calls.includes(`<${storePath(folder.path)}>`), "a checkpoint");
  assert.ok(pause < DISK_MS / 2, `${pause} ms`);
});
