import assert from "node:assert/strict";
import { type Ran, run } from "../../scripts/run.ts";

/** Runs code in a process of its own, behind the import of `logUncaught` and a log to stdout. */
async function runCode(code: string): Promise<Ran> {
  const lib = new URL("../../lib/", import.meta.url);
  const input = `
    import { createLog } from ${JSON.stringify(`${lib}log.ts`)};
    import { logUncaught } from ${JSON.stringify(`${lib}net/uncaught.ts`)};
    const say = (line) => console.log(line);
    const log = createLog({ write: say, now: () => 0 });
    ${code}
  `;
  const args = ["run", "--quiet", "--no-prompt", "--allow-read", "-"];
  return await run(Deno.execPath(), args, { input });
}

const BUGS = `
  Promise.reject(new Error("nobody awaits this"));
  setTimeout(() => { throw new TypeError("nobody catches this"); }, 10);
  queueMicrotask(() => { throw "not even an error"; });
`;

Deno.test("logUncaught() keeps the process, and tells and counts each bug", async () => {
  const { code, stdout } = await runCode(`
    const uncaught = logUncaught(log);
    ${BUGS}
    setTimeout(() => { say("alive " + uncaught.count); uncaught.stop(); }, 100);
  `);
  assert.equal(code, 0);
  for (const what of ["nobody awaits this", "nobody catches this", "not even an error"]) {
    assert.match(stdout, new RegExp(`error error that nothing caught: a bug error="${what}"`));
  }
  assert.match(stdout, /\nalive 3\n$/);
});

Deno.test("without logUncaught(), or once it was stopped, a bug ends the process", async () => {
  const { code } = await runCode(`
    logUncaught(log).stop();
    ${BUGS}
    setTimeout(() => say("alive"), 100);
  `);
  assert.equal(code, 1);
});
