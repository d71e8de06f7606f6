import assert from "node:assert/strict";
import { DemoPart } from "../../scripts/demo/part.ts";
import { must } from "../../scripts/run.ts";
import { BASE, type Relay, ROOT, startRelay } from "../stories/relay.ts";
import { openBrowser } from "./chromium.ts";
import { type FrontPorts, frontPorts, startFront } from "./deploy/front.ts";
import { fragmentHellos } from "./deploy/shim.ts";

/** A site that Apache serves beside the relay. */
const FOREIGN = "foreign.localhost";

/** Where curl comes from; not the address of anything else here. */
const VISITOR = "127.0.0.9";

/** What curl got. */
interface Fetched {
  status: number;
  headers: Headers;
  body: string;
}

/** Fetches with the real curl, coming from {@linkcode VISITOR}. */
async function curl(url: string, caFile: string, ...more: string[]): Promise<Fetched> {
  const args = ["-sS", "-i", "--http1.1", "--interface", VISITOR, "--max-time", "20"];
  // Every name here is this machine; curl would try ::1 first.
  args.push("--connect-to", "::127.0.0.1:", "--cacert", caFile, ...more, url);
  const [head = "", ...body] = (await must("curl", args)).split("\r\n\r\n");
  const [status = "", ...fields] = head.split("\r\n");
  return {
    status: Number(status.split(" ")[1]),
    headers: new Headers(fields.map((field): [string, string] => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1)];
    })),
    body: body.join("\r\n\r\n"),
  };
}

/** Sets the reference client up through the front and runs it before a web app. */
async function startClient(
  dir: string,
  relay: Relay,
  front: FrontPorts,
  upstream: number,
): Promise<DemoPart> {
  const client = ["-A", `${ROOT}examples/client/main.ts`];
  const state = ["--state", `${dir}/client`];
  const setup = new DemoPart(
    [
      ...[...client, "setup", "kaylee", "--relay", `https://relay.${BASE}:${front.tls}`],
      ...["--ca", `${relay.stateDir}/local-ca.pem`],
      ...["--bio-file", `${relay.biosDir}/kaylee.txt`, ...state, "--force"],
    ],
    {},
    {},
  );
  assert.ok((await setup.ended).success, setup.log.last);
  const part = new DemoPart(
    [...client, "run", "--upstream", `http://127.0.0.1:${upstream}`, ...state],
    {},
    {},
  );
  await part.line(/[Oo]nline/);
  return part;
}

Deno.test({
  name: "HAProxy and Apache with the example files bring curl and Chromium where they belong",
  // playwright-core keeps its driver's timers and pipes to itself.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const dir = await Deno.makeTempDir({ prefix: "glossond-front-" });
    const ports = frontPorts();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(dir, { recursive: true }));
    const relay = stack.use(
      await startRelay({
        settings: {
          PROXY_PROTOCOL_FROM: "127.0.0.1",
          FALLBACK_BACKEND: `127.0.0.1:${ports.apacheTls}?proxy=v2`,
          PUBLIC_PORT: String(ports.tls),
        },
      }),
    );
    const { hub, control } = relay.ports as { hub: number; control: number };
    stack.use(await startFront({ dir, base: BASE, ports, hub, control, foreign: FOREIGN }));
    const app = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) =>
        new Response(`<h1>kaylee's own</h1> for ${request.headers.get("X-Forwarded-For")}`, {
          headers: { "Content-Type": "text/html" },
        }),
    );
    stack.defer(() => app.shutdown());
    const client = await startClient(dir, relay, ports, app.addr.port);
    stack.defer(async () => void await client.stop());

    const ca = `${relay.stateDir}/local-ca.pem`;
    const at = (name: string): string => `https://${name}:${ports.tls}`;

    const online = await curl(`${at(`kaylee.${BASE}`)}/`, ca);
    assert.equal(online.status, 200);
    assert.equal(online.body, `<h1>kaylee's own</h1> for ${VISITOR}`);

    const landing = await curl(`${at(BASE)}/`, ca);
    assert.equal(landing.status, 200);
    assert.match(landing.body, /glosson/i);

    const api = await curl(`${at(`relay.${BASE}`)}/v1/relay`, ca);
    assert.equal(JSON.parse(api.body).controlUrl, at(`relay.${BASE}`));

    const foreign = await curl(`${at(FOREIGN)}/`, `${dir}/foreign.pem`);
    assert.equal(foreign.body, `the site ${FOREIGN}\n`);
    assert.equal(foreign.headers.get("X-Visitor"), VISITOR);

    // What HAProxy cannot read goes to the hub, which can, and passes other names on to Apache.
    using shim = fragmentHellos(ports.tls);
    const small = (name: string): string => `https://${name}:${shim.port}`;
    assert.equal((await curl(`${small(`kaylee.${BASE}`)}/`, ca)).status, 200);
    assert.equal((await curl(`${small(`relay.${BASE}`)}/v1/relay`, ca)).status, 200);
    const fragmented = await curl(`${small(FOREIGN)}/`, `${dir}/foreign.pem`);
    assert.equal(fragmented.body, `the site ${FOREIGN}\n`);

    for (const name of [BASE, `kaylee.${BASE}`, `KAYLEE.${BASE}`]) {
      const path = "/a%20b/%C3%A9%2F?q=%3F&r=1";
      const { status, headers } = await curl(`http://${name}:${ports.http}${path}`, ca);
      assert.equal(status, 308);
      assert.equal(headers.get("Location")?.toLowerCase(), `https://${name}${path}`.toLowerCase());
    }
    const plain = await curl(`http://${FOREIGN}:${ports.http}/`, ca);
    assert.equal(plain.body, `the site ${FOREIGN}\n`);
    const challenge = "/.well-known/acme-challenge/token";
    assert.equal((await curl(`http://${BASE}:${ports.http}${challenge}`, ca)).status, 200);
    const wrongPort = await curl(`http://kaylee.${BASE}:${ports.tls}/x`, ca);
    assert.equal(wrongPort.status, 308);
    assert.equal(wrongPort.headers.get("Location"), `${at(`kaylee.${BASE}`)}/x`);

    const browser = await openBrowser(`${dir}/home`, ca);
    stack.defer(() => browser.close());
    const page = await (await browser.newContext()).newPage();
    assert.equal((await page.goto(`${at(`kaylee.${BASE}`)}/`))?.status(), 200);
    assert.equal(await page.locator("h1").innerText(), "kaylee's own");
    assert.equal((await page.goto(`${at(BASE)}/`))?.status(), 200);
    await client.stop();
    assert.equal((await page.goto(`${at(`kaylee.${BASE}`)}/`))?.status(), 503);
    assert.match(await page.locator("body").innerText(), /kaylee/);
    assert.equal((await curl(`${at(`kaylee.${BASE}`)}/`, ca)).status, 503);
  },
});
