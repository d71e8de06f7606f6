import assert from "node:assert/strict";
import { unreachable } from "../../examples/client/problem.ts";
import { networkCause } from "../../lib/net/network_cause.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";

/** A port of this computer where nothing listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** What `fetch` throws for an address behind this proxy, as one that the environment names. */
async function failure(proxy: string): Promise<unknown> {
  using client = Deno.createHttpClient({ proxy: { url: proxy } });
  return await fetch(`https://127.0.0.1:${closedPort()}/`, { client }).then(
    () => assert.fail("it was answered"),
    (error) => error,
  );
}

Deno.test("a proxy that leads nowhere is named in the place of the server behind it", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refusing = (async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(4096));
    await conn.write(new TextEncoder().encode("HTTP/1.1 403 Forbidden\r\n\r\n"));
  })();
  const errors = [
    await failure(`http://127.0.0.1:${listener.addr.port}`),
    await failure(`socks5://127.0.0.1:${closedPort()}`),
  ];
  await refusing;
  for (const error of errors) {
    assert.match(networkCause(error).why, /^the proxy .*ALL_PROXY.*NO_PROXY$/);
    const { message } = unreachable(new URL("https://relay.example.org"), error);
    assert.match(message, /relay\.example\.org: the proxy .*HTTPS_PROXY.*NO_PROXY$/);
  }
});

Deno.test("a server that refuses is told to be looked after itself", async () => {
  const url = `http://127.0.0.1:${closedPort()}/`;
  const error = await fetch(url).then(() => assert.fail("it was answered"), (error) => error);
  assert.match(networkCause(error).why, /^connection refused; check that it runs$/);
});

Deno.test("the words of an address are no cause", async () => {
  for (
    const words of ["tunnel.localhost", "expired.localhost", "self-signed.localhost/header)closed"]
  ) {
    const url = new URL(`https://${words}`);
    url.port = String(closedPort());
    const error = await fetch(url).then(() => assert.fail("it was answered"), (error) => error);
    assert.match(networkCause(error).why, /^(connection refused|its name cannot be resolved);/);
    const { message } = unreachable(url, error);
    assert.match(message, /: (nothing listens there|the name is not known);/);
  }
});

const YEAR_MS = 365 * 86_400_000;

Deno.test("a certificate that is not for the name, or not for the time, is told as that, with what mends it", async () => {
  const cases: [name: string, aheadMs: number, why: RegExp][] = [
    [
      "tunnel.self-signed.example.org",
      0,
      /certificate is for another name; check the (host name|address)$/,
    ],
    ["localhost", YEAR_MS, /certificate is not valid yet; check this (machine|computer)'s clock$/],
    ["localhost", -20 * YEAR_MS, /certificate (is out of date|has expired); check .*'s clock$/],
  ];
  for (const [name, aheadMs, why] of cases) {
    const { cert, key } = await selfSignedIdentity([name], Date.now() + aheadMs);
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      () => new Response(),
    );
    using client = Deno.createHttpClient({ caCerts: [cert] });
    const url = new URL(`https://localhost:${server.addr.port}`);
    const error = await fetch(url, { client })
      .then(() => assert.fail("it was answered"), (error) => error);
    const { passing, ...cause } = networkCause(error);
    assert.match(cause.why, why);
    assert.equal(passing, false);
    assert.match(unreachable(url, error).message, why);
  }
});

Deno.test("what answers a TLS hello by something else is told as that", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(4096));
    await conn.write(new TextEncoder().encode("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"));
  })();
  const url = new URL(`https://127.0.0.1:${listener.addr.port}`);
  const error = await fetch(url).then(() => assert.fail("it was answered"), (error) => error);
  await answering;
  assert.match(networkCause(error).why, /^what answers there speaks no TLS; check the address/);
  assert.match(unreachable(url, error).message, /speaks no TLS.*wants a log-in first$/);
});
