import assert from "node:assert/strict";
import { connectAdmin } from "../../lib/admin/client.ts";
import { RelayAwayError } from "../../lib/admin/asker.ts";
import { closeQuietly } from "../../lib/net/splice.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

/** What stands in a relay's place: it says `answer` to each request but the first one, and closes. */
async function impostor(answer: string) {
  const folder = temporaryFolder();
  const path = `${folder.path}/glossond.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const served = (async () => {
    for await (const conn of listener) {
      const asked = new TextDecoder().decode(await readOnce(conn));
      const text = asked.includes("/v1/ping ")
        ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        : answer;
      await conn.write(new TextEncoder().encode(text));
      closeQuietly(conn);
    }
  })();
  const admin = await connectAdmin(folder.path);
  return {
    admin: admin!,
    path: folder.path,
    async [Symbol.asyncDispose]() {
      closeQuietly(listener);
      await served.catch(() => {});
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function readOnce(conn: Deno.Conn): Promise<Uint8Array> {
  const buffer = new Uint8Array(4_096);
  return buffer.subarray(0, await conn.read(buffer) ?? 0);
}

async function readAll(parts: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of parts);
}

Deno.test("a relay that ends amid any answer is told to have stopped, with the place of its log", async () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
  for (const answer of ["", `${head}{"step":"order placed"}\n`]) {
    await using relay = await impostor(answer);
    const questions = {
      status: () => relay.admin.status(),
      show: () => relay.admin.users.show("kaylee"),
      renew: () => readAll(relay.admin.renew(false)),
      backup: async () => await readAll(await relay.admin.backup()),
    };
    for (const [name, ask] of Object.entries(questions)) {
      await assert.rejects(ask, (error: Error) => {
        assert.ok(error instanceof RelayAwayError, `${name}: ${error}`);
        assert.equal(
          error.message,
          `The relay of ${relay.path} has stopped, or is being started again: see its log`,
        );
        return true;
      });
    }
  }
});

Deno.test("a relay of another version is not told to have stopped", async () => {
  const body = "an answer that is no JSON";
  const answers = {
    "HTTP/1.1 200 OK": /answered GET \/v1\/status in another form; is it of the same version\?/,
    "HTTP/1.1 404 Not Found": /knows no \/v1\/status; is it of the same version\?/,
    "HTTP/1.1 500 Internal Server Error": /answered 500: an answer that is no JSON/,
  };
  for (const [head, message] of Object.entries(answers)) {
    const answer = `${head}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    await using relay = await impostor(answer);
    await assert.rejects(relay.admin.status(), (error: Error) => {
      assert.match(error.message, message);
      return !(error instanceof RelayAwayError);
    });
  }
});
