import assert from "node:assert/strict";
import { Turn } from "../../lib/daemon/turn.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { recordedLog, temporaryFolder, until } from "../certificate/helpers.ts";

Deno.test("Turn comes when the one before has ended, in whatever process", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-turn-" });
  const path = `${dir}/turn.lock`;
  const first = new Turn(path, SILENT_LOG);
  await first.come;
  const second = new Turn(path, SILENT_LOG);
  let hasCome = false;
  second.come.then(() => hasCome = true);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(hasCome, false);
  first.end();
  await second.come;

  // One that was ended before it came takes nobody's turn.
  const third = new Turn(path, SILENT_LOG);
  third.end();
  second.end();
  const fourth = new Turn(path, SILENT_LOG);
  await fourth.come;
  fourth.end();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("Turn tells once why its lock cannot be had, and comes as soon as it can", async () => {
  await using folder = temporaryFolder();
  const log = recordedLog();
  const turn = new Turn(`${folder.path}/gone/turn.lock`, log);
  await until(() => log.lines.length > 0, "it is told");
  assert.match(log.text(), /Cannot lock \S+turn\.lock: its folder is gone/);
  // By then it has looked more than once.
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(log.lines.length, 1);
  await Deno.mkdir(`${folder.path}/gone`);
  await turn.come;
  turn.end();
});
