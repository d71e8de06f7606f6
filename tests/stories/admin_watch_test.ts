import assert from "node:assert/strict";
import { LineLog } from "../../scripts/line_log.ts";
import { endProcess } from "../../scripts/process.ts";
import { glossondCommand } from "./admin_command.ts";
import { startRelay } from "./relay.ts";

Deno.test("status --watch says that the relay has stopped, and goes on with the next one", async () => {
  await using first = await startRelay();
  const watching = glossondCommand(first.stateDir, ["status", "--watch", "--json"]).spawn();
  const reports = new LineLog([watching.stdout], (line) => JSON.parse(line).startedAt);
  const complaints = new LineLog([watching.stderr], (line) => line);
  const startedAt = await reports.first((each) => each, "a report");
  await first.stop();
  const complaint = await complaints.first((line) => line, "a complaint");
  await using second = await startRelay({ dir: first.dir });
  await reports.first((each) => each !== startedAt, "a report of the next one");
  assert.equal((await endProcess(watching, "SIGINT")).code, 0);
  await Promise.all([reports.ended, complaints.ended]);
  assert.equal(
    complaint,
    `glossond: The relay of ${second.stateDir} has stopped, or is being started again: see its log; it is asked on and on`,
  );
  assert.equal(complaints.lines.length, 1);
});
