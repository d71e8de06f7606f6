import assert from "node:assert/strict";
import { Turn } from "../../lib/daemon/turn.ts";

Deno.test("Turn comes when the one before has ended, in whatever process", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-turn-" });
  const path = `${dir}/turn.lock`;
  const first = new Turn(path);
  await first.come;
  const second = new Turn(path);
  let hasCome = false;
  second.come.then(() => hasCome = true);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(hasCome, false);
  first.end();
  await second.come;

  // One that was ended before it came takes nobody's turn.
  const third = new Turn(path);
  third.end();
  second.end();
  const fourth = new Turn(path);
  await fourth.come;
  fourth.end();
  await Deno.remove(dir, { recursive: true });
});
