import assert from "node:assert/strict";
import { release, rename } from "../../../examples/client/account_commands.ts";
import { sleep } from "../../../lib/net/pause.ts";
import { story } from "./story.ts";

Deno.test("rename() that ended before the new account was kept does not give the only one back", () =>
  story(async ({ relay, state }) => {
    const account = (await state.account())!;
    await state.saveFormerAccount(account);
    const world = { state, say: () => {}, now: Date.now, sleep };
    await assert.rejects(
      rename({ username: account.username, yes: true }, world),
      /The name is kaylee already/,
    );
    await assert.rejects(
      rename({ username: "robin", yes: false }, world),
      /This claims robin and then gives kaylee\.\S+ back/,
    );
    assert.deepEqual(relay.requests, []);
    assert.deepEqual(await state.account(), account);
  }));

Deno.test("release() gives back what an unfinished rename has left, too, and forgets both", () =>
  story(async ({ relay, state }) => {
    const account = (await state.account())!;
    await state.saveFormerAccount({ ...account, hostname: "robin.example.org", token: "former" });
    const said: string[] = [];
    const askInstalled = () => Promise.resolve({ by: "cron", state: "running" } as const);
    const say = (text: string): void => void said.push(text);
    const world = { state, say, now: Date.now, sleep, askInstalled };
    await release({ yes: true }, world);
    assert.deepEqual(relay.requests, ["DELETE /v1/account", "DELETE /v1/account"]);
    assert.match(
      said.join("\n"),
      /robin\.example\.org is given back\.\n.*kaylee\.\S+ is given back/,
    );
    assert.match(said.at(-1)!, /still installed, by cron: glosson uninstall ends it/);
    assert.deepEqual([await state.account(), await state.formerAccount()], [undefined, undefined]);
  }));
