import assert from "node:assert/strict";
import { dropLostAccount, readAccount } from "../../lib/acme/account.ts";
import { AcmeProblem } from "../../lib/acme/problem.ts";
import { type AcmeTransport, RELAY_WORDS } from "../../lib/acme/transport.ts";
import { writeDurably } from "../../lib/file/durable.ts";
import { makeKey } from "../../lib/pki/keys.ts";
import { temporaryFolder } from "../certificate/helpers.ts";

const DIRECTORY = "https://ca.test/dir";
const ACCOUNT = "https://ca.test/account/1";

/** A server that answers requests of the account with this problem, or takes them. */
function serverWith(refusal?: AcmeProblem): AcmeTransport {
  return {
    request(url) {
      const headers = { "replay-nonce": "AAAA" };
      if (url === ACCOUNT && refusal !== undefined) return Promise.reject(refusal);
      const data = url === DIRECTORY
        ? { newNonce: "https://ca.test/nonce", newOrder: "https://ca.test/order" }
        : {};
      return Promise.resolve({ status: 200, headers, data });
    },
    words: RELAY_WORDS,
    clockAheadMs: () => 0,
    close() {},
  };
}

function problem(type: string, detail: string): AcmeProblem {
  return new AcmeProblem(type, 403, `The ACME server ca.test says: ${detail}`);
}

/** Runs with the account at the directory, and tells what is left of it. */
async function drop(error: unknown, refusal?: AcmeProblem) {
  await using folder = temporaryFolder();
  const stateDir = folder.path;
  const accounts = {
    [DIRECTORY]: { key: await makeKey(), url: ACCOUNT },
    "https://other.test/dir": { key: await makeKey(), url: "https://other.test/2" },
  };
  await writeDurably(`${stateDir}/acme-accounts.json`, JSON.stringify(accounts), 0o600);
  const options = { stateDir, transport: serverWith(refusal), directoryUrl: DIRECTORY };
  const lost = await dropLostAccount(error, options).catch((failure: Error) => failure.message);
  const { key, url } = await readAccount(stateDir, DIRECTORY) ?? {};
  assert.ok(await readAccount(stateDir, "https://other.test/dir"));
  return { lost, key: key === accounts[DIRECTORY]!.key, url: url === ACCOUNT };
}

const DEACTIVATED = problem("unauthorized", "Account has been deactivated");

Deno.test("dropLostAccount() keeps the key of an account that the server does not know", async () => {
  const error = problem("accountDoesNotExist", "unknown");
  assert.deepEqual(await drop(error), { lost: "unknown", key: true, url: false });
});

Deno.test("dropLostAccount() drops the URL of an account that has another key, or another address, by now", async () => {
  for (
    const text of [
      "JWS verification error",
      "Key ID (kid) in JWS header missing expected URL prefix",
    ]
  ) {
    const error = problem("malformed", text);
    assert.deepEqual(await drop(error, error), { lost: "unknown", key: true, url: false });
  }
});

Deno.test("dropLostAccount() drops a deactivated account, whichever server words it", async () => {
  const words = [
    DEACTIVATED,
    problem("unauthorized", 'Account is not valid, has status "deactivated"'),
  ];
  for (const error of words) {
    assert.deepEqual(await drop(error, error), { lost: "deactivated", key: false, url: false });
  }
});

Deno.test("dropLostAccount() leaves an account alone that is refused for no reason of its own", async () => {
  const others = [
    new Error("unauthorized"),
    problem("rateLimited", "deactivated"),
    problem("malformed", "an order of no names"),
    // The account itself is taken: an authorization was deactivated, or a name is not allowed.
    DEACTIVATED,
    problem("unauthorized", "no valid record found"),
  ];
  for (const error of others) {
    assert.deepEqual(await drop(error), { lost: undefined, key: true, url: true });
  }
  // The server is away just then.
  const away = problem("serverInternal", "try again");
  assert.deepEqual(await drop(DEACTIVATED, away), { lost: undefined, key: true, url: true });
});

Deno.test("dropLostAccount() leaves an account to people that the server has taken away", async () => {
  const revoked = problem("unauthorized", 'Account is not valid, has status "revoked"');
  const { lost, ...account } = await drop(revoked, revoked);
  assert.match(String(lost), /status "revoked": it does not take the relay's account any more/);
  assert.match(String(lost), /remove \S+acme-accounts\.json and run glossond cert renew$/);
  assert.deepEqual(account, { key: true, url: true });
});

Deno.test("readAccount() names a file that holds no accounts, and what to do", async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/acme-accounts.json`;
  const key = await makeKey();
  const cut = key.slice(0, 60) + "\n-----END PRIVATE KEY-----\n";
  const entries = [null, {}, { url: ACCOUNT }, { key: 1 }, { key: "another" }, { key: cut }];
  const urls = [null, "", 5].map((url) => ({ key, url }));
  const texts = ["", "null", "[]", '"x"', '{"https', "\0".repeat(9)];
  for (
    const text of [
      ...texts,
      ...[...entries, ...urls].map((entry) => JSON.stringify({ [DIRECTORY]: entry })),
    ]
  ) {
    await Deno.writeTextFile(path, text);
    await assert.rejects(readAccount(folder.path, DIRECTORY), {
      message:
        `Cannot read ${path}: it does not hold ACME accounts; restore it, or remove it to register anew`,
    }, text);
  }
});
