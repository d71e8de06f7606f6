import assert from "node:assert/strict";
import { run } from "../../scripts/run.ts";
import { until } from "../certificate/helpers.ts";
import { setUpGlosson } from "../stories/glosson.ts";
import { startRelay } from "../stories/relay.ts";
import { readToEnd } from "../stories/user.ts";
import { openNat, RELAY_ADDRESS } from "./nat.ts";

const BASE = "glosson.test";
const PARKED = 4;

/** Gets the page as a visitor; resolves to its status and how long it took, milliseconds. */
async function visit(port: number, ca: string): Promise<{ status: number; ms: number }> {
  const began = performance.now();
  const conn = await Deno.connect({ hostname: RELAY_ADDRESS, port });
  const hostname = `kaylee.${BASE}`;
  using tls = await Deno.startTls(conn, { hostname, caCerts: [ca], alpnProtocols: ["http/1.1"] });
  const request = `GET / HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`;
  await tls.write(new TextEncoder().encode(request));
  const text = new TextDecoder().decode(await readToEnd(tls));
  return { status: Number(text.split(" ")[1]), ms: performance.now() - began };
}

for (const resets of [false, true]) {
  Deno.test(`parked connections that a NAT forgot (it ${resets ? "resets" : "drops"} what it does not know) cost no visitor`, async () => {
    await using nat = await openNat({ relayHost: `relay.${BASE}`, resets });
    await using relay = await startRelay({
      launcher: nat.relay,
      settings: {
        BASE_DOMAIN: BASE,
        HUB_HOST: "0.0.0.0",
        DATA_HOST: "0.0.0.0",
        PUBLIC_DATA_HOST: `relay.${BASE}`,
      },
    });
    const { hub, data } = relay.ports as { hub: number; data: number };
    await using glosson = await setUpGlosson(relay, "kaylee", {
      launcher: nat.client,
      url: `https://relay.${BASE}:${hub}`,
    });
    const client = glosson.run();
    await client.said(/ Online /);
    const connections = async (): Promise<number> => {
      const [program = "", ...args] = nat.relay;
      const established = ["ss", "-Htn", "state", "established", "sport", "=", `:${data}`];
      const { stdout } = await run(program, [...args, ...established]);
      return stdout.split("\n").filter(Boolean).length;
    };

    await until(async () => await connections() >= PARKED, "parked connections");
    assert.equal((await visit(hub, relay.ca)).status, 200);
    await until(async () => await connections() >= PARKED, "parked connections");
    await nat.forget(data);
    // Parked before that, dead now, and neither end knows.
    const first = await visit(hub, relay.ca);
    const second = await visit(hub, relay.ca);
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.ok(first.ms < 4_000, `${first.ms} ms`);
    // That the others are dead is known by then.
    assert.ok(second.ms < 900, `${second.ms} ms`);
  });
}
