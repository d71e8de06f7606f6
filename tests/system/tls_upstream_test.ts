import assert from "node:assert/strict";
import { freePort } from "../../scripts/ports.ts";
import { endProcess } from "../../scripts/process.ts";
import { must } from "../../scripts/run.ts";
import { until } from "../certificate/helpers.ts";
import { setUpGlosson } from "../stories/glosson.ts";
import { BASE, startRelay } from "../stories/relay.ts";
import { visit } from "../stories/user.ts";

const HOST = `kaylee.${BASE}`;

/** An address of this machine's own, for a visitor who can be told from the relay. */
const VISITOR = "127.0.0.77";

/** nginx as the end of TLS, with the key and certificate that the client keeps. */
function nginxConfig(
  dir: string,
  identity: string,
  ports: { plain: number; told: number },
): string {
  return `
user root;
daemon off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events {}
http {
  log_format visitor '$proxy_protocol_addr $server_port "$request"';
  access_log ${dir}/access.log visitor;
  server {
    listen 127.0.0.1:${ports.plain} ssl;
    listen 127.0.0.1:${ports.told} ssl proxy_protocol;
    ssl_certificate ${identity};
    ssl_certificate_key ${identity};
    location / { return 200 "by nginx\\n"; }
  }
}
`;
}

Deno.test("nginx is the end of TLS, and is told the visitor's address by the PROXY protocol", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glosson-tls-upstream-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const relay = stack.use(await startRelay());
  const glosson = stack.use(await setUpGlosson(relay, "kaylee"));
  const ports = { plain: freePort(), told: freePort() };
  const run = glosson.run("--tls-upstream", `127.0.0.1:${ports.told}`, "--proxy-protocol");
  await run.said(/ Online /);

  // It is not there yet: its visitors are told, and so is the user.
  const torn = await visit(relay, HOST).catch((error) => (error as Error).message);
  assert.match(String(torn), /InternalError/);
  await run.said(/ warn +Cannot reach the TLS server of --tls-upstream.*127.0.0.1:/);

  await Deno.writeTextFile(
    `${dir}/nginx.conf`,
    nginxConfig(dir, `${glosson.stateDir}/identity.pem`, ports),
  );
  const nginx = new Deno.Command("/usr/sbin/nginx", {
    args: ["-c", `${dir}/nginx.conf`, "-p", dir],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  stack.defer(() => endProcess(nginx, "SIGKILL").then(() => {}));
  await until(
    () => Deno.connect({ port: ports.told }).then((conn) => (conn.close(), true), () => false),
    "nginx",
  );
  await Deno.writeTextFile(`${dir}/ca.pem`, relay.ca);
  const curl = (): Promise<string> =>
    must("curl", [
      ...["--silent", "--show-error", "--http1.1", "--interface", VISITOR],
      ...["--cacert", `${dir}/ca.pem`, "--resolve", `${HOST}:${relay.ports.hub}:127.0.0.1`],
      `https://${HOST}:${relay.ports.hub}/path?query`,
    ]);
  assert.equal(await curl(), "by nginx\n");
  assert.equal((await run.stop()).code, 0);
  const again = glosson.run("--tls-upstream", `127.0.0.1:${ports.plain}`);
  await again.said(/ Online /);
  assert.equal(await curl(), "by nginx\n");
  assert.equal((await again.stop()).code, 0);

  const told = (port: number, address: string): string =>
    `${address} ${port} "GET /path?query HTTP/1.1"\n`;
  await until(
    async () => (await Deno.readTextFile(`${dir}/access.log`)).split("\n").length > 2,
    "two lines",
  );
  assert.equal(
    await Deno.readTextFile(`${dir}/access.log`),
    told(ports.told, VISITOR) + told(ports.plain, "-"),
  );
});
