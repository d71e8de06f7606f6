import assert from "node:assert/strict";
import type { ApiOptions } from "../../lib/api/services.ts";
import type { Caller } from "../../lib/session/caller.ts";
import type { AccountStore } from "../../lib/store/accounts.ts";
import { StoreError } from "../../lib/store/error.ts";
import type { Store } from "../../lib/store/store.ts";
import { recordedLog } from "../certificate/helpers.ts";
import { grantToken } from "../store/grant_token.ts";
import { type Holdable, holdable } from "../store/held.ts";
import { memoryStore } from "../store/helpers.ts";
import { nothing, testApi } from "./services.ts";
import { TRACE } from "../store/trace.ts";

/** The header fields of a control WebSocket's opening handshake. */
const HANDSHAKE = {
  "Upgrade": "websocket",
  "Connection": "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": btoa("x".repeat(16)),
  "Sec-WebSocket-Protocol": "glosson.v1",
};

interface World {
  store: Store;
  accounts: Holdable<AccountStore>;
  log: ReturnType<typeof recordedLog>;
  /** Who opened a control WebSocket. */
  callers: Caller[];
  ask(method: string, path: string, token: string, body?: object): Promise<Response>;
}

/** The API over a store whose calls are held back; `options` replaces its other services. */
function apiTest(
  name: string,
  story: (world: World) => Promise<void>,
  options: Partial<ApiOptions> = {},
): void {
  Deno.test(name, async () => {
    const { store } = memoryStore();
    const accounts = holdable(store.accounts);
    const log = recordedLog();
    const callers: Caller[] = [];
    const { ask } = testApi({
      accounts: accounts.kind,
      release: (username, token) => accounts.kind.release(username, TRACE, { token }),
      openControl(caller) {
        callers.push(caller);
        return new Response(null, { status: 204 });
      },
      log,
      ...options,
    });
    await story({
      ...{ store, accounts, log, callers },
      ask: (method, path, token, body) => ask(method, path, { token, body, headers: HANDSHAKE }),
    });
    await store.close();
  });
}

async function problem(response: Response): Promise<[number, string]> {
  const { type } = await response.json();
  return [response.status, type.split(":").at(-1)];
}

apiTest(
  "DELETE of an account whose name gets another owner meanwhile deletes nothing",
  async (world) => {
    const { store, accounts, ask } = world;
    const old = await grantToken(store, "kaylee");
    const read = accounts.holdAnswer("byToken");
    const answer = ask("DELETE", "/v1/account", old);
    await read.reached;
    await store.accounts.release("kaylee", TRACE);
    const token = await grantToken(store, "kaylee");
    read.release();
    const response = await answer;
    assert.equal(response.headers.get("WWW-Authenticate"), "Bearer");
    assert.deepEqual(await problem(response), [401, "unauthorized"]);
    assert.equal((await store.accounts.byToken(token))?.username, "kaylee");
    assert.equal((await ask("DELETE", "/v1/account", token)).status, 204);
  },
);

apiTest("PATCH of an account whose token is replaced meanwhile changes nothing", async (world) => {
  const { store, accounts, ask } = world;
  const old = await grantToken(store, "kaylee");
  const change = accounts.holdCall("setPreferences");
  const answer = ask("PATCH", "/v1/account", old, { away: "mine" });
  await change.reached;
  const token = await grantToken(store, "kaylee");
  change.release();
  assert.deepEqual(await problem(await answer), [401, "unauthorized"]);
  assert.equal((await store.accounts.byToken(token))?.preferences.away, null);
});

apiTest("PATCH of an account that is blocked meanwhile changes nothing", async (world) => {
  const { store, accounts, ask } = world;
  const token = await grantToken(store, "kaylee");
  const change = accounts.holdCall("setPreferences");
  const answer = ask("PATCH", "/v1/account", token, { away: "mine" });
  await change.reached;
  await store.accounts.setBlocked("kaylee", true, TRACE);
  change.release();
  assert.deepEqual(await problem(await answer), [403, "suspended"]);
  assert.equal((await store.accounts.byToken(token))?.preferences.away, null);
});

const submitted: unknown[][] = [];
apiTest("a certificate is asked for with the token that was shown", async ({ store, ask }) => {
  const token = await grantToken(store, "kaylee");
  const answer = await ask("POST", "/v1/certificates", token, { csr: "csr" });
  assert.equal(answer.headers.get("WWW-Authenticate"), "Bearer");
  assert.deepEqual(await problem(answer), [401, "unauthorized"]);
  assert.deepEqual(submitted, [["kaylee", "kaylee.test", "csr", token]]);
}, {
  certificates: {
    submit(...args) {
      submitted.push(args);
      return Promise.resolve({ ok: false, problem: "unauthorized", detail: "" });
    },
    get: nothing,
    latest: nothing,
  },
});

apiTest("a control WebSocket holds as long as its token does, and no block", async (world) => {
  const { store, callers, ask } = world;
  const token = await grantToken(store, "kaylee");
  await ask("GET", "/v1/control", token);
  const [caller] = callers;
  assert.equal(await caller!.holds(), true);
  await store.accounts.setBlocked("kaylee", true, TRACE);
  assert.equal(await caller!.holds(), false);
  await store.accounts.setBlocked("kaylee", false, TRACE);
  assert.equal(await caller!.holds(), true);
  await grantToken(store, "kaylee");
  assert.equal(await caller!.holds(), false);
});

apiTest(
  "a store that cannot be used is a 503 with a sentence, and stands in the log",
  async (world) => {
    const { log, ask } = world;
    for (const [method, path] of [["GET", "/v1/account"], ["DELETE", "/v1/account"]] as const) {
      const response = await ask(method, path, "token");
      assert.equal(response.headers.get("Retry-After"), "60");
      const { detail } = await response.clone().json();
      assert.equal(detail, "The relay cannot keep its records now; try again later.");
      assert.deepEqual(await problem(response), [503, "busy"]);
    }
    assert.match(log.text(), /needs the database, which cannot be used .*disk is full/);
  },
  {
    accounts: {
      byToken: () => Promise.reject(new StoreError("database or disk is full")),
      setPreferences: () => Promise.reject(new StoreError("database or disk is full")),
    },
  },
);
