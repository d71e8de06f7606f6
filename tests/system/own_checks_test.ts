import assert from "node:assert/strict";
import { keyFingerprint } from "../../lib/pki/key_fingerprint.ts";
import { must } from "../../scripts/run.ts";
import { startFakeDns } from "../command/fake_dns.ts";
import { setUpGlosson } from "../stories/glosson.ts";
import { BASE, type Relay, ROOT, startRelay } from "../stories/relay.ts";

/** The commands by which SECURITY has people check with openssl and dig alone: whose key, my key, and the DNS. */
async function commands(): Promise<string[]> {
  const text = await Deno.readTextFile(`${ROOT}SECURITY.md`);
  const part = text.slice(text.indexOf("### What a user can check"), text.indexOf("## On the way"));
  return Array.from(part.matchAll(/^```sh\n([^]*?)^```$/gm), ([, code]) => code!.trim());
}

/** Runs one for a user of this relay, whose resolvers are one of the test's own. */
async function told(code: string, relay: Relay, stateDir: string, dnsPort = 0): Promise<string> {
  const here = code
    .replaceAll("-connect USER.BASE:443", `-connect 127.0.0.1:${relay.ports.hub}`)
    .replaceAll("~/.config/glosson", stateDir)
    .replaceAll(/dig \+short (?:@9\.9\.9\.9 )?/g, `dig +short -p ${dnsPort} @127.0.0.1 `)
    .replaceAll("USER.BASE", `kaylee.${BASE}`)
    .replaceAll("BASE", BASE);
  return (await must("sh", ["-c", here])).trim();
}

Deno.test("openssl and dig alone tell whose key visitors get, and where names lead", async () => {
  const [outside, here, dns] = await commands();
  await using relay = await startRelay();
  await using glosson = await setUpGlosson(relay, "kaylee");
  const run = glosson.run();
  await run.said(/ Online /);
  const own = keyFingerprint(await Deno.readTextFile(`${glosson.stateDir}/identity.pem`));
  assert.equal(await told(here!, relay, glosson.stateDir), own);
  assert.equal(await told(outside!, relay, glosson.stateDir), own);
  await using server = await startFakeDns(() => "192.0.2.1", ["issue", "ca.example"]);
  assert.equal(
    await told(dns!, relay, glosson.stateDir, server.port),
    // Of the user's name and of BASE.
    '192.0.2.1\n192.0.2.1\n0 issue "ca.example"\n0 issue "ca.example"',
  );
});

Deno.test({
  name: "openssl alone tells that a relay ends TLS in the user's place",
  ignore: Deno.env.has("GLOSSOND_BIN"),
  async fn() {
    const [outside, here] = await commands();
    const patch = new URL("../stories/end_tls.ts", import.meta.url).href;
    await using relay = await startRelay({ preload: patch });
    await using glosson = await setUpGlosson(relay, "kaylee");
    const run = glosson.run();
    await run.said(/ Online /);
    const seen = await told(outside!, relay, glosson.stateDir);
    assert.equal(seen, keyFingerprint(await Deno.readTextFile(`${relay.stateDir}/relay.pem`)));
    assert.notEqual(await told(here!, relay, glosson.stateDir), seen);
  },
});
