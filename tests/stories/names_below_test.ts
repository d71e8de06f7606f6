import assert from "node:assert/strict";
import { setUpGlosson } from "./glosson.ts";
import { ALERT, answer, ended, helloFor } from "./hub_visitor.ts";
import { BASE, startRelay } from "./relay.ts";
import { apiOf, visit } from "./user.ts";

Deno.test("names below a user's lead to their client, which has them in its certificate", async () => {
  await using relay = await startRelay({ settings: { NAMES_BELOW: "1" } });
  const api = apiOf(relay);
  assert.ok((await api.request("GET", "/v1/relay")).body.features.includes("names-below"));
  api.client.close();
  await using glosson = await setUpGlosson(relay, "kaylee");
  await using app = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ headers }) => new Response(headers.get("host")),
  );
  const kaylee = `kaylee.${BASE}`;
  const below = `app.${kaylee}`;

  // Away, and with a certificate for the own name: no page of the relay's is good for the others.
  assert.equal(await answer(relay, [helloFor(below)]), ALERT.unrecognizedName);
  await ended(relay, "no-page", { serverName: below, detail: "offline" });
  for (const foreign of [`app.relay.${BASE}`, `app.www.${BASE}`, `deep.${below}`]) {
    assert.equal(await answer(relay, [helloFor(foreign)]), ALERT.unrecognizedName);
    await ended(relay, "foreign-name", { serverName: foreign });
  }

  const run = glosson.run("--also", "app", "--upstream", String(app.addr.port));
  await run.said(/ Online /);
  await run.said(/Certificate renewed .*app\.kaylee/);
  for (const host of [kaylee, below]) {
    const { status, body } = await visit(relay, host);
    assert.deepEqual({ status, body }, { status: 200, body: host });
  }
  await assert.rejects(
    visit(relay, `www.${kaylee}`),
    /certificate not valid for name "www\.kaylee/,
  );
  assert.match(
    (await glosson.command("status")).stdout,
    /^Also: +app\.kaylee\.glosson\.localhost$/m,
  );
  const redirect = await answer(relay, [`GET /x HTTP/1.1\r\nHost: ${below}\r\n\r\n`]);
  const text = new TextDecoder().decode(Uint8Array.fromHex(redirect));
  assert.match(text, /^HTTP\/1\.1 308 [^]*\r\nLocation: https:\/\/app\.kaylee\.glosson\.localhost/);
  await run.stop();

  // What it was told, it keeps; more than the relay gives changes nothing that there is.
  const again = glosson.run("--also", "app", "--also", "git");
  await again.said(/ Online /);
  await again.said(/gives not all names, .*name 1 at most/);
  assert.equal((await visit(relay, below)).status, 200);
  await again.stop();
  assert.equal(await answer(relay, [helloFor(below)]), ALERT.unrecognizedName);
});
