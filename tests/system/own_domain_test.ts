import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import tls from "node:tls";
import { must } from "../../scripts/run.ts";
import { type ClientProgram, CLIENTS, setUpGlosson } from "../stories/glosson.ts";
import { BASE, startAgain, startRelay } from "../stories/relay.ts";
import { apiOf, signUp } from "../stories/user.ts";
import { startLoopbackProxy } from "./acme/proxy.ts";
import { startPebble, startPowerDns } from "./acme/servers.ts";
import { openBrowser } from "./chromium.ts";
import { frontPorts, startFront } from "./deploy/front.ts";

/** Browsers find it on this machine. */
const DOMAIN = "blog.localhost";

/** A site that Apache serves beside the relay. */
const FOREIGN = "foreign.localhost";

const DAY_MS = 86_400_000;

/** Serial number of the certificate that a name is answered with. */
function serialOf(port: number, servername: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = tls.connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false });
  socket.on("error", reject);
  socket.once("secureConnect", () => {
    resolve(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  });
  return promise;
}

/** The page at a name through HAProxy, by curl. */
function curl(port: number, name: string, caFile: string): Promise<string> {
  const at = ["--connect-to", "::127.0.0.1:", "--cacert", caFile, "--max-time", "20"];
  return must("curl", ["-sS", "-f", ...at, `https://${name}:${port}/`]);
}

for (const [name, client] of Object.entries(CLIENTS)) {
  Deno.test({
    name: `a domain of one's own, by Pebble's TLS-ALPN-01 through HAProxy and the relay (${name})`,
    // playwright-core keeps its driver's timers and pipes to itself.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => ownDomain(client),
  });
}

async function ownDomain(client: ClientProgram): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-domain-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const ports = frontPorts();
  const dns = stack.use(await startPowerDns({ zones: ["localhost"] }));
  const pebble = stack.use(
    await startPebble({
      ...{ dnsPort: dns.dnsPort, tlsPort: ports.tls },
      // As busy authorities are: nonces refused, names that are held for proven, answers that take a while.
      ...{ nonceReject: 50, authzReuse: 50, sleepS: 1 },
    }),
  );
  const set = (name: string, type: string, content?: string) =>
    dns.api("PATCH", "/zones/localhost.", {
      rrsets: [{
        ...{ name: `${name}.`, type, ttl: 60 },
        ...content === undefined
          ? { changetype: "DELETE" }
          : { changetype: "REPLACE", records: [{ content, disabled: false }] },
      }],
    });
  await set(`*.${BASE}`, "A", "127.0.0.1");

  const settings = {
    DNS_SERVERS: `127.0.0.1:${dns.dnsPort}`,
    PROXY_PROTOCOL_FROM: "127.0.0.1",
    FALLBACK_BACKEND: `127.0.0.1:${ports.apacheTls}?proxy=v2`,
    PUBLIC_PORT: String(ports.tls),
  };
  let relay = await startRelay({ dir: `${dir}/relay`, settings });
  stack.defer(async () => void await relay.stop());
  const { hub, control } = relay.ports as { hub: number; control: number };
  stack.use(await startFront({ dir, base: BASE, ports, hub, control, foreign: FOREIGN }));
  const url = `https://relay.${BASE}:${ports.tls}`;
  const glosson = stack.use(await setUpGlosson(relay, "kaylee", { url, client }));
  await Deno.mkdir(`${dir}/site`);
  await Deno.writeTextFile(`${dir}/site/index.html`, "<h1>kaylee's blog</h1>");
  let run = glosson.run("--dir", `${dir}/site`);
  await run.said(/Online/);

  // The certificate: agreed to, waited for, and had by the run that is there.
  await Deno.writeTextFile(`${dir}/pebble.pem`, pebble.caPem);
  const acme = ["--acme", pebble.directoryUrl, "--acme-ca", `${dir}/pebble.pem`];
  const unasked = await glosson.command("domain", "add", DOMAIN, ...acme);
  assert.equal(unasked.code, 1);
  assert.match(unasked.stderr, /Read its terms \(data:.*--agree-terms/);
  const adding = glosson.start("domain", "add", DOMAIN, ...acme, "--agree-terms");
  await adding.said(/blog\.localhost\. {2}CNAME {2}kaylee\.glosson\.localhost\./);
  await adding.said(/^Not yet: .*its name servers have neither/);
  await set(DOMAIN, "CNAME", `kaylee.${BASE}.`);
  await adding.said(/^blog\.localhost leads to you/);
  await run.said(/Your domain has a certificate/);
  await adding.said(/^Your page is at https:\/\/blog\.localhost as well/);
  assert.equal((await adding.ended).code, 0);

  const root = `${dir}/root.pem`;
  await Deno.writeTextFile(root, await pebble.root());
  assert.equal(await curl(ports.tls, DOMAIN, root), "<h1>kaylee's blog</h1>");
  const browser = await openBrowser(`${dir}/home`, root);
  stack.defer(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  assert.equal((await page.goto(`https://${DOMAIN}:${ports.tls}/`))?.status(), 200);
  assert.equal(await page.locator("h1").innerText(), "kaylee's blog");
  // The relay's own, and Apache's sites, are as they were.
  const ca = `${relay.stateDir}/local-ca.pem`;
  assert.equal(await curl(ports.tls, `kaylee.${BASE}`, ca), "<h1>kaylee's blog</h1>");
  assert.equal(
    await curl(ports.tls, FOREIGN, `${dir}/foreign.pem`),
    `the site ${FOREIGN}\n`,
  );

  // Renewal, as an authority that wants it at once says (RFC 9773).
  const first = await serialOf(ports.tls, DOMAIN);
  await run.stop("SIGTERM");
  const file = `${glosson.stateDir}/domains/${DOMAIN}.pem`;
  assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
  const pem = (await Deno.readTextFile(file)).replace(/^renew-after.*\n/, "");
  await Deno.writeTextFile(file, `renew-after: 2020-01-01T00:00:00Z\n${pem}`);
  run = glosson.run("--dir", `${dir}/site`);
  await run.said(/Your domain has a certificate/);
  assert.notEqual(await serialOf(ports.tls, DOMAIN), first);

  // Another user cannot have it, as long as it leads here.
  const way = { url, proxy: stack.use(startLoopbackProxy()).url };
  const zoe = await signUp(relay, "zoe", way);
  const put = async () => {
    const api = apiOf(relay, way);
    using _client = api.client;
    const { status, body } = await api.request("PUT", `/v1/domains/${DOMAIN}`, zoe);
    return [status, body.type?.replace("urn:glosson:problem:", "") ?? body.domain];
  };
  assert.deepEqual(await put(), [409, "domain-taken"]);

  // It moves away: noticed by the daily look, and given up when it was so for a day.
  await set(DOMAIN, "CNAME", `zoe.${BASE}.`);
  await relay.stop();
  using db = new DatabaseSync(`${relay.stateDir}/glossond.sqlite`);
  db.prepare("UPDATE own_domain SET due_at = 0, astray_since = ?").run(Date.now() - DAY_MS);
  relay = await startAgain(relay, { dir: `${dir}/relay`, settings });
  await relay.logged("a user's domain leads elsewhere, and is routed no more", {
    domain: DOMAIN,
    username: "kaylee",
  });
  // A name that is nobody's goes to Apache.
  assert.equal(
    await serialOf(ports.tls, DOMAIN),
    await serialOf(ports.tls, FOREIGN),
  );
  const listed = await glosson.command("domain", "list");
  assert.match(listed.stdout, /^blog\.localhost: LEADS ELSEWHERE.*good until/);
  assert.deepEqual(await put(), [200, DOMAIN]);
  const removed = await glosson.command("domain", "remove", DOMAIN);
  assert.equal(removed.code, 0, removed.stderr);
  assert.match((await glosson.command("domain", "list")).stdout, /no domain of your own/);
  assert.deepEqual(await put(), [200, DOMAIN], "not kaylee's to remove");
}
