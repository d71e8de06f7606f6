import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FakeRelay } from "./fake_relay.ts";
import { HttpExchange } from "./http_exchange.ts";
import { withFolder } from "./story.ts";

const PROGRAM = fileURLToPath(new URL("../../../examples/client.py", import.meta.url));

/** A Python that has the package `websockets`: the first found, or Debian's own. */
async function findPython(): Promise<string | undefined> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    try {
      const args = ["-c", "import websockets"];
      const { success } = await new Deno.Command(python, { args, stderr: "null" }).output();
      if (success) return python;
    } catch {
      // Not installed under this name.
    }
  }
  return undefined;
}

const python = await findPython();

/** Runs examples/client.py for `kaylee` at a relay of its own. */
async function withPython(
  use: (relay: FakeRelay, done: Promise<Deno.CommandOutput>) => Promise<void>,
): Promise<void> {
  const relay = await FakeRelay.start();
  relay.token = crypto.randomUUID();
  try {
    await withFolder(async (folder) => {
      const { key, cert } = await relay.authority.pair(["kaylee.glosson.localhost"]);
      const [token, identity, ca] = [join(folder, "t"), join(folder, "i"), join(folder, "ca")];
      await Deno.writeTextFile(token, `${relay.token}\n`);
      await Deno.writeTextFile(identity, `${key}${cert}`);
      await Deno.writeTextFile(ca, relay.authority.pem);
      const process = new Deno.Command(python!, {
        args: [
          PROGRAM,
          ...["--relay", `https://relay.glosson.localhost:${relay.port}`],
          ...["--token-file", token, "--identity", identity, "--ca", ca, "--verbose"],
        ],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const done = process.output();
      try {
        await use(relay, done);
      } finally {
        try {
          process.kill("SIGKILL");
        } catch {
          // Ended by itself.
        }
        await done;
      }
    });
  } finally {
    await relay.stop();
  }
}

Deno.test({
  name: "client.py serves visitors by parked connections and connect tickets",
  ignore: python === undefined,
  fn: () =>
    withPython(async (relay) => {
      await relay.ready(2);
      for (let i = 0; i < 3; i++) {
        const visitor = await relay.visit();
        const exchange = new HttpExchange(visitor);
        const { status, body } = await exchange.get("/");
        assert.equal(status, 200);
        assert.match(body, /small Python program/);
        await exchange.ended();
        visitor.close();
        await relay.ready(2);
      }
      const ticket = relay.ticket("connect");
      relay.grants = false;
      relay.send({ type: "from-the-future" });
      relay.send({
        type: "connect",
        ticket,
        visitor: { address: "203.0.113.9", port: 1 },
        expiresInMs: 10_000,
      });
      await relay.changes.until(() => relay.shown.includes("connect"));
    }),
});

Deno.test({
  name: "client.py ends when another session took over",
  ignore: python === undefined,
  fn: () =>
    withPython(async (relay, done) => {
      await relay.ready(2);
      relay.send({ type: "goodbye", reason: "replaced", retryAfterMs: null });
      const { code, stderr } = await done;
      const log = new TextDecoder().decode(stderr);
      assert.equal(code, 1, log);
      assert.match(log, /says goodbye \(replaced\)/);
      assert.doesNotMatch(log, /Traceback/);
      assert.ok(!log.includes(relay.token));
    }),
});
