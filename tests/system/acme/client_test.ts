import assert from "node:assert/strict";
import {
  opensslRequest,
  type RequestOptions,
  temporaryFolder,
  until,
} from "../../certificate/helpers.ts";
import { bareEnvironment } from "../../stories/environment.ts";
import { BASE } from "./bench.ts";
import { type AcmeDaemon, runProgram, startAcmeDaemon } from "./daemon.ts";
import { visitOnce } from "./visitor.ts";

const CLIENT = new URL("../../../examples/client/main.ts", import.meta.url).pathname;

/** Short enough to see renewals, long enough for the client, which looks once a minute. */
const VALIDITY_S = 90;

Deno.test("setup, and the client's and the relay's own renewals, with RSA and ECDSA keys", async () => {
  await using daemon = await startAcmeDaemon({ validityS: VALIDITY_S });
  await using folder = temporaryFolder();
  await daemon.logged("certificate in use");
  const ca = `${folder.path}/ca.pem`;
  await Deno.writeTextFile(ca, await daemon.it.pebble.root());
  await Deno.mkdir(`${folder.path}/site`);
  // The client dials this machine only where the relay's own name leads here too: in a mount namespace it does.
  await Deno.writeTextFile(`${folder.path}/hosts`, `127.0.0.1 localhost relay.${BASE}\n`);
  await Deno.writeTextFile(`${folder.path}/site/index.html`, "hello");
  const env = { ...bareEnvironment(folder.path), HTTPS_PROXY: daemon.proxy };

  const running: Deno.ChildProcess[] = [];
  try {
    for (const [username, keyType] of [["kaylee", "ecdsa"], ["river", "rsa"]] as const) {
      const state = `${folder.path}/${username}`;
      const setup = await runProgram([
        ...[
          "--allow-all",
          CLIENT,
          "setup",
          username,
          "--relay",
          `https://relay.${BASE}:${daemon.ports.hub}`,
        ],
        ...["--ca", ca, "--bio-file", `${daemon.biosDir}/${username}.txt`],
        ...["--key-type", keyType, "--state", state],
      ], env);
      assert.equal(setup.code, 0, setup.stdout + setup.stderr);
      running.push(
        new Deno.Command("unshare", {
          args: [
            ...[
              "--mount",
              "sh",
              "-c",
              `mount --bind "${folder.path}/hosts" /etc/hosts && exec "$@"`,
            ],
            ...["sh", Deno.execPath(), "run", "--allow-all", "--no-check", CLIENT, "run"],
            ...["--dir", `${folder.path}/site`, "--state", state],
          ],
          clearEnv: true,
          env,
          stdout: "null",
          stderr: "null",
        }).spawn(),
      );
    }
    const names = [`kaylee.${BASE}`, `river.${BASE}`, BASE];
    const first = new Map<string, string>();
    for (const name of names) {
      await until(
        async () => {
          const { status, serial } = await visitOnce(daemon.ports.hub!, name);
          first.set(name, serial);
          return status === "HTTP/1.1 200 OK";
        },
        `${name} is served`,
        30_000,
      );
    }
    const renewed = new Set<string>();
    await until(
      async () => {
        for (const name of names) {
          const { status, serial, issuer } = await visitOnce(daemon.ports.hub!, name);
          assert.equal(status, "HTTP/1.1 200 OK");
          assert.match(issuer, /Pebble/);
          if (serial !== first.get(name)) renewed.add(name);
        }
        return renewed.size === names.length;
      },
      "every certificate is renewed",
      (VALIDITY_S - 5) * 1000,
    );
  } finally {
    for (const client of running) client.kill("SIGTERM");
    await Promise.all(running.map(({ status }) => status));
  }
  assert.deepEqual(daemon.lines.filter(({ level }) => level === "error"), []);
});

const REFUSED: Record<string, RequestOptions & { detail: RegExp }> = {
  "a foreign name": { san: `DNS:river.${BASE}`, detail: /names dns "river\.glosson\.test"/ },
  "an extra name": {
    san: `DNS:kaylee.${BASE},DNS:river.${BASE}`,
    detail: /name only DNS:kaylee\.glosson\.test/,
  },
  "a weak key": { key: "rsa-1024", san: `DNS:kaylee.${BASE}`, detail: /1024 bits: use 2048/ },
};

Deno.test("a request with a foreign or extra name, a weak key, a bad signature is refused", async () => {
  const users = new Map([["kaylee", ""]]);
  await using daemon = await startAcmeDaemon({ users });
  await using folder = temporaryFolder();
  await daemon.logged("certificate in use");
  for (const { detail, ...options } of Object.values(REFUSED)) {
    const { csr } = await opensslRequest(folder.path, options);
    await isRefused(daemon, users.get("kaylee")!, csr, detail);
  }
  const { csr } = await opensslRequest(folder.path, { san: `DNS:kaylee.${BASE}` });
  const der = Uint8Array.fromBase64(csr.replace(/-----[^-]+-----|\s/g, ""));
  der[der.length - 1]! ^= 1;
  const spoilt =
    `-----BEGIN CERTIFICATE REQUEST-----\n${der.toBase64()}\n-----END CERTIFICATE REQUEST-----\n`;
  await isRefused(daemon, users.get("kaylee")!, spoilt, /signature does not fit the request/);
});

async function isRefused(
  daemon: AcmeDaemon,
  token: string,
  csr: string,
  detail: RegExp,
): Promise<void> {
  using client = Deno.createHttpClient({
    caCerts: [await daemon.it.pebble.root()],
    proxy: { url: daemon.proxy },
  });
  const answer = await fetch(`https://relay.${BASE}:${daemon.ports.hub}/v1/certificates`, {
    method: "POST",
    client,
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ csr }),
  });
  const problem = await answer.json();
  assert.equal(answer.status, 400);
  assert.equal(problem.type, "urn:glosson:problem:bad-csr");
  assert.match(problem.detail, detail);
}
