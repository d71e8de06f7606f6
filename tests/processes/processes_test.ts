import assert from "node:assert/strict";
import { SILENT_LOG } from "../../lib/log.ts";
import { Processes } from "../../lib/processes/processes.ts";
import { RelayProcess, SILENCE_MS, START_MS } from "../../lib/processes/relay_process.ts";
import { ManualClock } from "../manual_clock.ts";

/** A process that says this, and ends when its input does. */
function says(...lines: string[]): [string, ...string[]] {
  return ["/bin/sh", "-c", `printf '%s\\n' "$@"; exec cat`, "sh", ...lines];
}

Deno.test("RelayProcess tells what a process says of itself, and has it stop by the end of its input", async () => {
  const told: string[] = [];
  const process = new RelayProcess(says("READY=1", "STATUS=2 users online, a=b", "X_LEFT=1"), {
    onStuck: () => told.push("stuck"),
    onLeft: () => told.push("left"),
    schedule: new ManualClock().schedule,
  });
  assert.equal(await process.ready, true);
  process.stop();
  assert.deepEqual(await process.ended.then(({ code, signal }) => [code, signal]), [0, null]);
  assert.equal(process.status, "2 users online, a=b");
  assert.deepEqual([process.hasLeft, process.isReady, told], [true, false, ["left"]]);
});

Deno.test("RelayProcess kills a process that was ready and says nothing any more", async () => {
  const clock = new ManualClock();
  let stuck = 0;
  const process = new RelayProcess(says("READY=1"), {
    onStuck: () => stuck++,
    onLeft() {},
    schedule: clock.schedule,
  });
  await process.ready;
  clock.advance(SILENCE_MS - 1);
  assert.equal(stuck, 0);
  clock.advance(1);
  assert.deepEqual([(await process.ended).signal, stuck, clock.waiting], ["SIGKILL", 1, 0]);
});

Deno.test("RelayProcess kills a process that does not come to be ready", async () => {
  const clock = new ManualClock();
  let stuck = 0;
  const process = new RelayProcess(says("STATUS=starting"), {
    onStuck: () => stuck++,
    onLeft() {},
    schedule: clock.schedule,
  });
  clock.advance(START_MS - 1);
  assert.equal(stuck, 0);
  clock.advance(1);
  assert.equal(await process.ready, false);
  assert.deepEqual([(await process.ended).signal, stuck, clock.waiting], ["SIGKILL", 1, 0]);
});

Deno.test("Processes starts one after another, and none where one cannot start", async () => {
  const started: string[] = [];
  const processes = new Processes({
    count: 3,
    command(process, takeover) {
      started.push(`${process} ${takeover}`);
      return process === 2 ? ["/bin/sh", "-c", "exit 2"] : says("READY=1");
    },
    log: SILENT_LOG,
  });
  assert.equal(await processes.start(false), 2);
  assert.deepEqual(started, ["1 false", "2 false"]);
});

Deno.test("Processes starts one anew that ends, while the others go on, and stops all", async () => {
  const commands: [string, ...string[]][] = [
    says("READY=1", "STATUS=fine"),
    ["/bin/sh", "-c", "echo READY=1; exit 7"],
    // As where the system has no room for one more.
    ["/nowhere/glossond"],
    says("READY=1"),
  ];
  const started: number[] = [];
  const again = Promise.withResolvers<void>();
  const pauses: number[] = [];
  const processes = new Processes({
    count: 2,
    command(process) {
      const command = commands[started.length]!;
      started.push(process);
      if (started.length === commands.length) again.resolve();
      return command;
    },
    log: SILENT_LOG,
    sleep(ms) {
      pauses.push(ms);
      return Promise.resolve();
    },
  });
  assert.equal(await processes.start(false), undefined);
  await again.promise;
  assert.deepEqual([started, pauses], [[1, 2, 2, 2], [1_000, 2_000]]);
  assert.match(processes.summary(), /^process 1: fine; process 2: /);
  await processes.stop();
  await processes.handedOver;
});

Deno.test("Processes stops those that run where the system cannot start one more", async () => {
  const processes = new Processes({
    count: 2,
    command: (process) => process === 2 ? ["/nowhere/glossond"] : says("READY=1"),
    log: SILENT_LOG,
  });
  assert.equal(await processes.start(false), 1);
  assert.equal(processes.summary(), "process 1: down");
});
