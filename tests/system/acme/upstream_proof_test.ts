import assert from "node:assert/strict";
import tls from "node:tls";
import { freePort } from "../../../scripts/ports.ts";
import { run } from "../../../scripts/run.ts";
import { startServer } from "../../../scripts/server.ts";
import { readChain } from "../../../lib/pki/identity.ts";
import { until } from "../../certificate/helpers.ts";
import { openRelayApi } from "./api.ts";
import { BASE } from "./bench.ts";
import { startProvingRelay } from "./proving.ts";
import { startResolver } from "./resolver.ts";
import { writeSets } from "./zone.ts";

const KAYLEE = `kaylee.${BASE}`;

/** A domain of kaylee's own, and its zone. */
const DOMAIN = "blog.test";

/** Caddy as whoever sets it up has it: it gets its certificates itself, by TLS-ALPN-01 alone where nothing else is. */
function caddyfile(
  { dir, port, directory, ca }: { dir: string; port: number; directory: string; ca: string },
): string {
  return `
{
  admin off
  auto_https disable_redirects
  storage file_system ${dir}/caddy
  https_port ${port}
  acme_ca ${directory}
  acme_ca_root ${ca}
}
https://${KAYLEE}, https://${DOMAIN} {
  bind 127.0.0.1
  tls {
    issuer acme {
      disable_http_challenge
    }
  }
  respond "by Caddy at {host}"
}
`;
}

/** The body of the page at a name, as a browser gets it that trusts this root. */
function pageOf(port: number, servername: string, ca: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    servername,
    ca,
    ALPNProtocols: ["http/1.1"],
  });
  let text = "";
  socket.on("error", reject);
  socket.setTimeout(5_000, () => socket.destroy(new Error("no answer")));
  socket.on("data", (data) => text += data);
  socket.on("end", () => resolve(text.split("\r\n\r\n")[1] ?? ""));
  socket.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
  return promise;
}

Deno.test("lego and Caddy behind --tls-upstream prove the page's name and a domain by TLS-ALPN-01 through relay and client", async () => {
  await using proving = await startProvingRelay({ dns: { zones: [BASE, DOMAIN] } });
  const { daemon, glosson, dir, pebbleCa } = proving;
  const { it: { dns, pebble }, ports: { hub = 0 } } = daemon;
  await using api = await openRelayApi(daemon);
  await using resolver = await startResolver(BASE, dns.dnsPort);
  const { token } = JSON.parse(await Deno.readTextFile(`${glosson.stateDir}/account.json`));
  await writeSets(
    dns,
    DOMAIN,
    [DOMAIN, "A", "127.0.0.1"],
    [`_glosson.${DOMAIN}`, "TXT", `"${KAYLEE}"`],
  );
  await api.call("PUT", `/v1/domains/${DOMAIN}`, { token });

  const port = freePort();
  const online = glosson.run("--tls-upstream", String(port));
  await online.said(/Online/);
  const directory = pebble.directoryUrl;
  // A server for the time of its order alone.
  const lego = await run("lego", [
    ...["--accept-tos", "--email", "kaylee@example.test", "--server", directory],
    ...["--path", `${dir}/lego`, "--tls", "--tls.port", `127.0.0.1:${port}`],
    ...["--domains", KAYLEE, "--domains", DOMAIN, "run"],
  ], { env: { LEGO_CA_CERTIFICATES: pebbleCa } });
  assert.equal(lego.code, 0, lego.stderr);
  const { names } = await readChain(
    await Deno.readTextFile(`${dir}/lego/certificates/${KAYLEE}.crt`),
  );
  assert.deepEqual(names.toSorted(), [DOMAIN, KAYLEE]);

  await Deno.writeTextFile(`${dir}/Caddyfile`, caddyfile({ dir, port, directory, ca: pebbleCa }));
  const caddy = await startServer("caddy", ["caddy", "run", "--config", `${dir}/Caddyfile`], {
    env: { HOME: dir, PATH: "/usr/bin" },
    isUp: () =>
      Deno.connect({ hostname: "127.0.0.1", port }).then(
        (conn) => (conn.close(), true),
        () => false,
      ),
    withinMs: 10_000,
  });
  try {
    const root = await pebble.root();
    for (const name of [DOMAIN, KAYLEE]) {
      let page = "";
      await until(
        async () => {
          page = await pageOf(hub, name, root).catch((error) => String(error));
          return page.startsWith("by Caddy");
        },
        `Caddy's certificate for ${name}`,
        20_000,
      ).catch((error) => assert.fail(`${error}: ${page}`));
      assert.equal(page, `by Caddy at ${name}`);
    }
  } finally {
    await caddy.end();
  }

  // Bound to Caddy's own account: nobody else is to order for the name, this client neither.
  const accounts = `${dir}/caddy/acme`;
  const [folder] = [...Deno.readDirSync(accounts)];
  const users = `${accounts}/${folder!.name}/users`;
  const [user] = [...Deno.readDirSync(users)];
  const json = [...Deno.readDirSync(`${users}/${user!.name}`)].find(({ name }) =>
    name.endsWith(".json")
  );
  const account = JSON.parse(
    await Deno.readTextFile(`${users}/${user!.name}/${json!.name}`),
  );
  const url: string = account.location ?? account.Location;
  assert.match(url, /^https:\/\/localhost:\d+\/my-account\//);
  const bound = await glosson.command("caa", "own", "--account", url, "--authority", "ca.test");
  assert.equal(bound.code, 0, bound.stderr);
  assert.match(bound.stdout, /The program with that account gets the certificate/);
  await until(
    async () => (await resolver.ask(KAYLEE, "CAA"))[0]?.includes(`accounturi=${url};`) ?? false,
    "the record",
  );
  await online.stop("SIGTERM");
  const other = await glosson.command("run", "--dir", dir);
  assert.match(other.stderr, /Another program orders your certificate.*--tls-upstream/);
});
