import assert from "node:assert/strict";
import { temporaryFolder } from "../certificate/helpers.ts";
import { glossondCommand } from "../stories/admin_command.ts";

/** From the signal to the end of the process. */
const STOP_WITHIN_MS = 1_000;

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`cert renew ends within a second of ${signal}, and names what it waited for`, async () => {
    await using folder = temporaryFolder();
    const asked = Promise.withResolvers<void>();
    // An ACME server that never answers.
    const closing = new AbortController();
    const address = { hostname: "127.0.0.1", port: 0, signal: closing.signal, onListen() {} };
    const server = Deno.serve(address, () => {
      asked.resolve();
      return new Promise<Response>(() => {});
    });
    const url = `http://127.0.0.1:${server.addr.port}`;
    const process = glossondCommand(folder.path, ["cert", "renew"], {
      AUTHORITY: "acme",
      ACME_DIRECTORY_URL: `${url}/directory`,
      ACME_EMAIL: "operator@example.org",
      PDNS_API_URL: url,
      POWERDNS_API_KEY: "key",
    }).spawn();
    const output = process.output();
    await asked.promise;
    const signalledAt = performance.now();
    process.kill(signal);
    const { code, stdout } = await output;
    const tookMs = performance.now() - signalledAt;
    assert.equal(code, exitCode);
    assert.match(
      new TextDecoder().decode(stdout),
      new RegExp(`^= failed \\(why: stopped by ${signal}, while: waiting for .+, \\d+ s`, "m"),
    );
    assert.ok(tookMs < STOP_WITHIN_MS, `${Math.round(tookMs)} ms`);
    closing.abort();
    await server.finished;
  });
}
