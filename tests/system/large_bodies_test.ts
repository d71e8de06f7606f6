import assert from "node:assert/strict";
import { join } from "node:path";
import { BASE, startRelay } from "../stories/relay.ts";
import { PACKAGE, REFERENCE, setupArguments, sh, start } from "./python_client.ts";

/** Bytes of a body. */
const BODY = 2 * 1024 ** 3;

/** Bytes of one by which buffers, and the garbage that V8 lets lie, have grown to what they are for any. */
const FIRST = 1024 ** 3;

/** How much more memory than for that one a program may take, KiB. */
const MORE_KIB = 48 * 1024;

const CLIENTS: Record<string, string[]> = {
  reference: REFERENCE,
  Python: ["/usr/bin/env", `PYTHONPATH=${PACKAGE}`, "/usr/bin/python3", "-m", "glosson"],
};

/** The most memory that a process has had so far, KiB (proc(5), VmHWM). */
async function most(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]);
}

/** An app that sends as many bytes as its path says, and counts those that it is sent. */
async function answer(request: Request): Promise<Response> {
  if (request.body !== null) {
    let bytes = 0;
    for await (const piece of request.body) bytes += piece.length;
    return new Response(String(bytes));
  }
  let left = Number(new URL(request.url).pathname.slice(1));
  const piece = new Uint8Array(64 * 1024);
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(piece.slice(0, Math.min(left, piece.length)));
      left -= piece.length;
      if (left <= 0) controller.close();
    },
  }, { highWaterMark: 0 });
  return new Response(body);
}

for (const [name, command] of Object.entries(CLIENTS)) {
  Deno.test(`2 GiB go up and down through relay and ${name} client in the memory that 1 GiB takes`, async () => {
    await using relay = await startRelay();
    const state = join(relay.stateDir, "../glosson");
    await sh([...command, ...setupArguments(relay, "kaylee", state)]);
    await using app = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
    const upstream = ["--upstream", `${app.addr.port}`];
    const client = start([...command, "run", "--state", state, ...upstream]);
    try {
      await client.logged("Online");
      const host = `kaylee.${BASE}`;
      const visitor = [
        ...["curl", "--silent", "--show-error", "--fail", "--max-time", "300"],
        ...["--cacert", `${relay.stateDir}/local-ca.pem`],
        ...["--connect-to", `${host}:443:127.0.0.1:${relay.ports.hub}`],
      ];
      const down = async (bytes: number) => {
        const discard = ["--output", "/dev/null", "--write-out", "%{size_download}"];
        const { text } = await sh([...visitor, ...discard, `https://${host}/${bytes}`]);
        assert.equal(Number(text), bytes);
      };
      const up = async (bytes: number) => {
        const line = 'head -c "$1" /dev/zero | { shift; exec "$@"; }';
        const send = ["--upload-file", "-", `https://${host}/`];
        const { text } = await sh(["sh", "-c", line, "sh", `${bytes}`, ...visitor, ...send]);
        assert.equal(Number(text), bytes);
      };
      const memory = () => Promise.all([relay.pid, client.pid].map(most));
      await down(FIRST);
      await up(FIRST);
      const before = await memory();
      await down(BODY);
      await up(BODY);
      const after = await memory();
      const more = after.map((kib, i) => kib - before[i]!);
      assert.ok(more.every((kib) => kib < MORE_KIB), `relay and client took ${more} KiB more`);
    } finally {
      await client.stop();
    }
  });
}
