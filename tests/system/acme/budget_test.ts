import assert from "node:assert/strict";
import { createIssuance, type OrderState } from "../../../lib/issuance/issuance.ts";
import { openStore } from "../../../lib/store/open.ts";
import { quickRequest, recordedLog, until } from "../../certificate/helpers.ts";
import { type AcmeBench, acmeBench, BASE } from "./bench.ts";

const USERS = 60;
const BUDGET = 45;
const WEEK_MS = 7 * 86_400_000;

const PROGRAM = new URL("issuing_program.ts", import.meta.url).pathname;

interface Request {
  username: string;
  hostname: string;
  csr: string;
}

Deno.test("60 users against a budget of 45, with kill -9 in between", async () => {
  await using it = await acmeBench();
  const requests = await Promise.all(Array.from({ length: USERS }, async (_, i) => {
    const username = `user${String(i).padStart(2, "0")}`;
    const hostname = `${username}.${BASE}`;
    return { username, hostname, csr: await quickRequest(hostname) };
  }));
  const ids = new Map<string, string>();
  // Killed while requests come in, while the first ones are signed, and later.
  await killedRun(it, requests, ids, 30);
  await killedRun(it, requests.slice(ids.size), ids, 45);
  await killedRun(it, requests.slice(ids.size), ids, USERS);
  for (let kill = 0; kill < 5; kill++) await killedRun(it, [], ids, 200 * kill);

  let ahead = 0;
  const store = await openStore(it);
  const log = recordedLog();
  const issuance = createIssuance({
    store,
    authority: await it.open(),
    log,
    perWeek: BUDGET,
    now: () => Date.now() + ahead,
  });
  const states = (): Promise<OrderState[]> =>
    Promise.all(requests.map(async ({ username }) => {
      const state = await issuance.get(username, ids.get(username) ?? "");
      assert.ok(state, `${username} was accepted and is forgotten`);
      return state;
    }));
  try {
    await until(
      async () => {
        const { running, waiting } = await issuance.counts();
        return running === 0 && waiting === USERS - BUDGET;
      },
      "the budget is used up",
      60_000,
    );
    const now = await states();
    assert.ok(now.slice(0, BUDGET).every(({ status }) => status === "ready"));
    now.slice(BUDGET).forEach((state, i) => {
      assert.ok(state.status === "pending");
      assert.equal(state.position, i + 1);
      // About a week from now: it was a moment ago that the first were signed.
      assert.ok(Math.abs(state.retryAfterS * 1000 - WEEK_MS) < 120_000, String(state.retryAfterS));
    });
    assert.equal((await issuance.counts()).newNamesThisWeek, BUDGET);

    // A renewal is let through all the same, and the next week the others are.
    const { username, hostname } = requests[0]!;
    const renewal = await issuance.submit(username, hostname, await quickRequest(hostname));
    assert.ok(renewal.ok);
    await until(
      async () => (await issuance.get(username, renewal.id))?.status === "ready",
      "the renewal",
    );
    ahead = WEEK_MS + 120_000;
    await issuance.submit("late", `late.${BASE}`, await quickRequest(`late.${BASE}`)); // wakes it
    await until(
      async () => (await states()).every(({ status }) => status === "ready"),
      "the rest",
      60_000,
    );
  } finally {
    await issuance.stop();
    await store.close();
  }
  assert.deepEqual(log.lines.filter(({ level }) => level === "warn" || level === "error"), []);
});

/** Runs the program until it has taken so many requests, or that many milliseconds if none. */
async function killedRun(
  it: AcmeBench,
  requests: Request[],
  ids: Map<string, string>,
  upTo: number,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-check", PROGRAM],
      JSON.stringify({
        options: it.options,
        powerDns: it.powerDns,
        perWeek: BUDGET,
        requests,
      }),
    ],
    stdout: "piped",
  }).spawn();
  const timer = requests.length === 0
    ? setTimeout(() => child.kill("SIGKILL"), 500 + upTo)
    : undefined;
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (const [, username, id] of text.matchAll(/^accepted (\S+) (\S+)\n/gm)) {
      ids.set(username!, id!);
    }
    if (timer === undefined && ids.size >= upTo) break;
  }
  if (timer === undefined) child.kill("SIGKILL");
  await child.status;
  assert.doesNotMatch(text, /refused/);
}
