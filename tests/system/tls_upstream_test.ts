import assert from "node:assert/strict";
import { answers, freePort } from "../../scripts/ports.ts";
import { must } from "../../scripts/run.ts";
import { startServer } from "../../scripts/server.ts";
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
  ports: Record<"plain" | "told", number>,
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

/** Caddy as the end of TLS; Debian's has no listener that reads the PROXY protocol. */
function caddyConfig(dir: string, identity: string, port: number): string {
  return `
{
  admin off
  auto_https off
  storage file_system ${dir}/caddy
}
https://${HOST}:${port} {
  bind 127.0.0.1
  tls ${identity} ${identity}
  respond "by Caddy\n"
}
`;
}

Deno.test("nginx and Caddy are the end of TLS, and nginx is told the visitor's address by the PROXY protocol", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glosson-tls-upstream-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const relay = stack.use(await startRelay());
  const glosson = stack.use(await setUpGlosson(relay, "kaylee"));
  const identity = `${glosson.stateDir}/identity.pem`;
  const ports = { plain: freePort(), told: freePort(), caddy: freePort() };
  const run = glosson.run("--tls-upstream", `127.0.0.1:${ports.told}`, "--proxy-protocol");
  await run.said(/ Online /);

  // It is not there yet: its visitors are told, and so is the user.
  const torn = await visit(relay, HOST).catch((error) => (error as Error).message);
  assert.match(String(torn), /InternalError/);
  await run.said(/ warn +Cannot reach the TLS server of --tls-upstream.*127.0.0.1:/);

  await Deno.writeTextFile(`${dir}/nginx.conf`, nginxConfig(dir, identity, ports));
  await Deno.writeTextFile(`${dir}/Caddyfile`, caddyConfig(dir, identity, ports.caddy));
  const nginx = ["/usr/sbin/nginx", "-c", `${dir}/nginx.conf`, "-p", dir];
  const caddy = ["/usr/bin/caddy", "run", "--adapter", "caddyfile"];
  for (
    const [argv, port] of [
      [nginx, ports.told],
      [[...caddy, "--config", `${dir}/Caddyfile`], ports.caddy],
    ] as const
  ) {
    const options = { env: { HOME: dir }, isUp: () => answers(port), withinMs: 10_000 };
    stack.use(await startServer(argv[0]!, argv, options));
  }
  await Deno.writeTextFile(`${dir}/ca.pem`, relay.ca);
  const curl = (version = "--http1.1"): Promise<string> =>
    must("curl", [
      ...["--silent", "--show-error", version, "--interface", VISITOR],
      ...["--write-out", "HTTP/%{http_version}"],
      ...["--cacert", `${dir}/ca.pem`, "--resolve", `${HOST}:${relay.ports.hub}:127.0.0.1`],
      `https://${HOST}:${relay.ports.hub}/path?query`,
    ]);
  assert.equal(await curl(), "by nginx\nHTTP/1.1");
  assert.equal((await run.stop()).code, 0);
  const again = glosson.run("--tls-upstream", `127.0.0.1:${ports.plain}`);
  await again.said(/ Online /);
  assert.equal(await curl(), "by nginx\nHTTP/1.1");
  assert.equal((await again.stop()).code, 0);
  const other = glosson.run("--tls-upstream", `127.0.0.1:${ports.caddy}`);
  await other.said(/ Online /);
  assert.equal(await curl("--http2"), "by Caddy\nHTTP/2");
  assert.equal((await other.stop()).code, 0);

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

/** Answers an upload that it has not read, and leaves: to what still comes its system says that nobody is there. */
const LEAVES_EARLY = `
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    conn, _ = listener.accept()
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with context.wrap_socket(conn, server_side=True) as visitor:
            visitor.recv(1024)
            visitor.sendall(b"HTTP/1.1 413 No\\r\\nConnection: close\\r\\nContent-Length: 3\\r\\n\\r\\nno\\n")
    except OSError:
        pass
`;

/** Uploads, and reads what is answered also where that is not taken any more: curl looks no further then, at times. */
const UPLOADS = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
received, unsent = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(received, unsent, server_hostname=sys.argv[2])
answer = b""
with socket.create_connection(("127.0.0.1", int(sys.argv[3]))) as conn:
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            conn.sendall(unsent.read())
            received.write(conn.recv(65536))
    tls.write(b"POST / HTTP/1.1\\r\\nHost: %b\\r\\nContent-Length: 4194304\\r\\n\\r\\n" % sys.argv[2].encode())
    tls.write(bytes(4194304))
    try:
        conn.sendall(unsent.read())
    except OSError:
        pass
    try:
        while data := conn.recv(65536):
            received.write(data)
    except OSError:
        pass
received.write_eof()
try:
    while data := tls.read(65536):
        answer += data
except ssl.SSLError:
    pass
sys.stdout.write(answer.decode())
`;

Deno.test("an upload that the TLS server answers before its end, and leaves, is answered", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glosson-tls-upstream-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const relay = stack.use(await startRelay());
  const glosson = stack.use(await setUpGlosson(relay, "kaylee"));
  const port = freePort();
  const run = glosson.run("--tls-upstream", `127.0.0.1:${port}`);
  await run.said(/ Online /);
  const argv = ["python3", "-c", LEAVES_EARLY, `${glosson.stateDir}/identity.pem`, `${port}`];
  stack.use(
    await startServer("a server", argv, { isUp: () => answers(port), withinMs: 10_000 }),
  );
  await Deno.writeTextFile(`${dir}/ca.pem`, relay.ca);
  for (let i = 0; i < 10; i++) {
    const answer = await must("python3", [
      ...["-c", UPLOADS, `${dir}/ca.pem`, HOST, `${relay.ports.hub}`],
    ]);
    assert.match(answer, /^HTTP\/1\.1 413 .*\r\n\r\nno\n$/s, `upload ${i}`);
  }
  assert.equal((await run.stop()).code, 0);
});
