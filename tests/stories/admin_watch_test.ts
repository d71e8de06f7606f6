import assert from "node:assert/strict";
import { LineLog } from "../../scripts/line_log.ts";
import { endProcess } from "../../scripts/process.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { glossond, glossondCommand } from "./admin_command.ts";
import { startRelay } from "./relay.ts";

/** `glossond status --watch`, once it has shown a report. */
async function watch(stateDir: string) {
  const process = glossondCommand(stateDir, ["status", "--watch", "--json"]).spawn();
  const reports = new LineLog([process.stdout], (line) => JSON.parse(line).startedAt);
  const complaints = new LineLog([process.stderr], (line) => line);
  const startedAt = await reports.first((each) => each, "a report");
  return { process, reports, complaints, startedAt };
}

Deno.test("status --watch says that the relay has stopped, and goes on with the next one", async () => {
  await using first = await startRelay();
  const { process, reports, complaints, startedAt } = await watch(first.stateDir);
  await first.stop();
  const complaint = await complaints.first((line) => line, "a complaint");
  await using second = await startRelay({ dir: first.dir });
  await reports.first((each) => each !== startedAt, "a report of the next one");
  assert.equal((await endProcess(process, "SIGINT")).code, 0);
  await Promise.all([reports.ended, complaints.ended]);
  assert.match(complaint, /; it is asked on and on$/);
  assert.ok(complaint.includes(second.stateDir), complaint);
  assert.equal(complaints.lines.length, 1);
});

Deno.test("status --watch goes on by the socket of another process of the relay", async () => {
  await using relay = await startRelay();
  const { process, reports, complaints } = await watch(relay.stateDir);
  // As where that of the first process is gone, and another one runs.
  await Deno.rename(`${relay.stateDir}/glossond.sock`, `${relay.stateDir}/glossond-2.sock`);
  const before = reports.lines.length;
  // One may have been on its way.
  await reports.first(() => reports.lines.length > before + 1, "two more reports", 15_000);
  assert.equal((await endProcess(process, "SIGINT")).code, 0);
  await Promise.all([reports.ended, complaints.ended]);
});

Deno.test("status --watch ends where nothing can be asked any more", async () => {
  await using relay = await startRelay();
  const { process, reports, complaints } = await watch(relay.stateDir);
  await relay.stop();
  await Deno.rename(relay.stateDir, `${relay.stateDir}-before`);
  assert.equal((await process.status).code, 1);
  await Promise.all([reports.ended, complaints.ended]);
  assert.match(complaints.lines.at(-1)!, /There is no state folder/);
});

Deno.test("status --watch ends beside a relay of another version", async () => {
  await using relay = await startRelay();
  const { process, reports, complaints } = await watch(relay.stateDir);
  await relay.stop();
  const path = `${relay.stateDir}/glossond.sock`;
  const other = Deno.serve({ path, onListen() {} }, () => new Response("?", { status: 404 }));
  assert.equal((await process.status).code, 1);
  await Promise.all([reports.ended, complaints.ended]);
  assert.match(complaints.lines.at(-1)!, /knows no \/v1\/status; is it of the same version\?$/);
  await other.shutdown();
});

Deno.test("status says that a relay of another version reports in another form", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/glossond.sock`;
  const report = { software: "glossond/0.0.1", checks: [] };
  const other = Deno.serve({ path, onListen() {} }, () => Response.json(report));
  for (const words of [["status"], ["status", "--watch"]]) {
    const { code, stderr } = await glossond(folder.path, ...words);
    assert.deepEqual([code, /The relay is glossond\/0\.0\.1, and reports in/.test(stderr)], [
      1,
      true,
    ]);
  }
  const json = await glossond(folder.path, "status", "--json");
  assert.deepEqual(JSON.parse(json.stdout), report);
  await other.shutdown();
});
