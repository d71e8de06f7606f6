import assert from "node:assert/strict";
import type { Exchange } from "../../../examples/client/front/exchange.ts";
import { onlyForHost } from "../../../examples/client/own_host.ts";

const HOSTNAME = "kaylee.example";

/** Asks with a host; gives what the handler was asked with, or the status that was said instead. */
async function asked(
  host: string,
  others?: Set<string>,
  serverName?: string,
): Promise<string | number> {
  let result: string | number = "";
  const exchange: Exchange = {
    request: { method: "GET", target: "/", host, fields: [], body: undefined, upgrades: false },
    visitor: { address: undefined, gone: AbortSignal.abort(), serverName },
    answer: {
      begun: false,
      interim: () => Promise.resolve(),
      begin: ({ status }) => Promise.resolve(void (result = status)),
      write: () => Promise.resolve(),
      finish: () => Promise.resolve(),
      switchProtocols: () => Promise.reject(new Error("unasked")),
    },
  };
  const handler = onlyForHost(
    HOSTNAME,
    ({ request }) => Promise.resolve(void (result = request.host)),
    others,
  );
  await handler(exchange);
  return result;
}

Deno.test("onlyForHost() answers for its own name, however it is written", async () => {
  for (const host of [HOSTNAME, "KAYLEE.example.", `${HOSTNAME}:4430`]) {
    assert.equal(await asked(host), host);
  }
});

Deno.test("onlyForHost() takes who names no host for one who means it, and tells the app so", async () => {
  assert.equal(await asked(""), HOSTNAME);
  const own = new Set(["blog.example.org"]);
  assert.equal(await asked("", own, "Blog.example.org"), "blog.example.org");
  assert.equal(await asked("", own, "other.example.org"), HOSTNAME);
});

Deno.test("onlyForHost() answers for nobody else", async () => {
  for (const host of ["other.example", `x.${HOSTNAME}`, "127.0.0.1", `${HOSTNAME}:x`, "."]) {
    assert.equal(await asked(host), 421, host);
  }
});

Deno.test("onlyForHost() answers for the user's own domains while they are", async () => {
  const own = new Set(["blog.example.org"]);
  assert.equal(await asked("BLOG.example.org:443", own), "BLOG.example.org:443");
  assert.equal(await asked("example.org", own), 421);
  own.clear();
  assert.equal(await asked("blog.example.org", own), 421);
});
