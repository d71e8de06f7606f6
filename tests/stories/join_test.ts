import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import net from "node:net";
import { BASE, type Relay, startRelay } from "./relay.ts";
import { exchangeRaw } from "./raw_https.ts";
import { connectControl, getCertificate, serveUser, signUp, visit } from "./user.ts";

/** The leaf that a TLS client which trusts only the local authority gets for a name. */
function leafFor(relay: Relay, servername: string): Promise<X509Certificate> {
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate>();
  const socket = tls.connect({
    socket: net.connect(relay.ports.hub!, "127.0.0.1"),
    servername,
    ca: relay.ca,
    ALPNProtocols: ["http/1.1"],
  }, () => {
    resolve(new X509Certificate(socket.getPeerCertificate().raw));
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}

/** Texts of all files below a folder. */
function textsBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return textsBelow(path);
    // A socket has no text.
    return entry.isFile ? [new TextDecoder("latin1").decode(Deno.readFileSync(path))] : [];
  });
}

Deno.test("a visitor gets the user's own certificate and page, and the relay's when they are away", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");

  const setup = await visit(relay, user.hostname);
  assert.equal(setup.status, 503);

  {
    await using _server = await serveUser(
      relay,
      user,
      (request) => new Response(`page of ${user.username} at ${new URL(request.url).pathname}`),
    );
    const page = await visit(relay, user.hostname, "/deep/link");
    assert.equal(page.status, 200);
    assert.equal(page.body, "page of kaylee at /deep/link");

    const leaf = await leafFor(relay, user.hostname);
    assert.equal(leaf.subjectAltName, `DNS:${user.hostname}`);
    // The relay could only serve this certificate if it held its key.
    const keysHeld = textsBelow(relay.stateDir).flatMap((text) =>
      text.match(/-----BEGIN (?:EC |RSA )?PRIVATE KEY-----[^-]+-----END [A-Z ]+-----/g) ?? []
    );
    assert.ok(keysHeld.length >= 2, "the authority's and the relay's own");
    for (const pem of keysHeld) assert.ok(!leaf.checkPrivateKey(await keyOf(pem)));
  }

  const away = await visit(relay, user.hostname);
  assert.equal(away.status, 503);
  assert.ok(away.headers.get("Retry-After"));
  assert.match(away.headers.get("Cache-Control") ?? "", /no-store/);
  const wildcard = await leafFor(relay, user.hostname);
  assert.match(wildcard.subjectAltName ?? "", new RegExp(`DNS:\\*\\.${BASE}`));
});

async function keyOf(pem: string) {
  const { createPrivateKey } = await import("node:crypto");
  return createPrivateKey(pem);
}

Deno.test("landing page, unknown names and the control host are routed by SNI", async () => {
  await using relay = await startRelay();
  assert.equal((await visit(relay, BASE)).status, 200);
  for (const label of ["nobody", "x", "postmaster", "xn--bcher-kva", "NOBODY"]) {
    const page = await visit(relay, `${label}.${BASE}`);
    assert.deepEqual([page.status, page.headers.get("Glosson-Page")], [404, "unknown-name"], label);
  }
  const info = await visit(relay, `relay.${BASE}`, "/v1/relay");
  assert.equal(JSON.parse(info.body).dataPort, relay.ports.data);
});

Deno.test("a page connection is refused for another Host, and closed after its answer", async () => {
  await using relay = await startRelay();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  using session = await Deno.startTls(conn, {
    hostname: `nobody.${BASE}`,
    caCerts: [relay.ca],
    alpnProtocols: ["h2", "http/1.1"],
  });
  const { alpnProtocol } = await session.handshake();
  assert.equal(alpnProtocol, "http/1.1");
  await session.write(
    new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: someone.${BASE}\r\n\r\n`),
  );
  const answer = await new Response(session.readable).text();
  assert.match(answer, /^HTTP\/1\.1 421 /);
  assert.match(answer, /\r\nconnection: close\r\n/i);
});

Deno.test("who came just before the user is told to come anew in words that end nothing for them", async () => {
  await using relay = await startRelay();
  for (
    const [username, line, field, status, retryAfter] of [
      // Senders of web hooks and of posts between servers take any 4xx for final.
      ["kaylee", "POST /inbox", "Accept: */*", 503, "3"],
      ["simon", "DELETE /hook", "Accept: application/json", 503, "3"],
      // Browsers come anew by themselves after this, and only after this.
      ["zoe", "POST /form", "Sec-Fetch-Mode: navigate", 421, null],
      ["inara", "GET /", "Accept: text/html", 421, null],
    ] as const
  ) {
    const user = await signUp(relay, username);
    const target = { listener: "hub", serverName: user.hostname } as const;
    await using stack = new AsyncDisposableStack();
    const head = `HTTP/1.1\r\nHost: ${user.hostname}\r\n${field}\r\nContent-Length: 0\r\n\r\n`;
    const [answer] = await exchangeRaw(relay, target, [
      line.slice(0, 1),
      `${line.slice(1)} ${head}`,
    ], {
      between: async () => void stack.use(await connectControl(relay, user)),
    });
    const told = [answer?.status, answer?.headers.get("retry-after")];
    assert.deepEqual(told, [status, retryAfter], line);
  }
});

Deno.test("RSA and ECDSA keys get certificates for exactly the user's name", async () => {
  await using relay = await startRelay();
  const user = await signUp(relay, "kaylee");
  const rsa = {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: "SHA-256",
  };
  for (const algorithm of [rsa, { name: "ECDSA", namedCurve: "P-384" }]) {
    const { cert } = await getCertificate(relay, user, algorithm);
    assert.equal(new X509Certificate(cert).subjectAltName, `DNS:${user.hostname}`);
  }
});
