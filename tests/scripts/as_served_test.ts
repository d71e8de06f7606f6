import assert from "node:assert/strict";
import { EVENT_INTERVAL, V8_FLAGS } from "../../scripts/compile/programs.ts";

const ROOT = new URL("../../", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

Deno.test("the relay is run with the same settings of the runtime in every way that we show", () => {
  for (const unit of ["examples/glossond.service", "examples/glossond@.service"]) {
    assert.ok(read(unit).includes(`\nEnvironment=${EVENT_INTERVAL}\n`), unit);
  }
  assert.match(read("examples/Dockerfile"), new RegExp(`^ENV [^#]*\\b${EVENT_INTERVAL}$`, "m"));
  const { tasks } = JSON.parse(read("deno.json"));
  for (const task of ["serve", "dev"]) {
    const { command } = tasks[task];
    assert.ok(command.startsWith(`${EVENT_INTERVAL} deno run --v8-flags=${V8_FLAGS} `), command);
  }
});

Deno.test("the client's task has the runtime's settings of its executable", () => {
  const { command } = JSON.parse(read("deno.json")).tasks.client;
  assert.ok(command.startsWith(`deno run --v8-flags=${V8_FLAGS} `), command);
});
