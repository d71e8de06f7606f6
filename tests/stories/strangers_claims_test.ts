import assert from "node:assert/strict";
import { startRelay } from "./relay.ts";
import { behindProxy } from "./hub_visitor.ts";
import { apiOf } from "./user.ts";

/** How long the script takes for a profile. */
const SCRIPT_S = 1;

Deno.test("forty checks from twenty /64s of one /48 make nobody else wait or lose a check", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", LOG_LEVEL: "info" },
    bioScript: `import time; time.sleep(${SCRIPT_S}); print("a bio without a code")`,
  });
  using stack = new DisposableStack();
  async function claim(address: string, username: string): Promise<() => Promise<string>> {
    const front = stack.use(behindProxy(relay, address));
    const api = apiOf(front.relay);
    stack.use(api.client);
    const { body } = await api.request("POST", "/v1/claims", { body: { username } });
    return async () => {
      const answer = await api.request("POST", `/v1/claims/${body.claim}/verify`);
      return String(answer.body.type).replace("urn:glosson:problem:", "");
    };
  }

  const greedy = [];
  for (let i = 0; i < 40; i++) greedy.push(await claim(`2001:db8:1:${i % 20}::1`, `greedy${i}`));
  const victim = await claim("198.51.100.7", "victim");
  // A stranger has the victim's own name read over and over, too.
  const nosy = await claim("2001:db8:1:77::1", "victim");
  const floods = [...greedy, nosy].map((verify) => verify().catch(String));
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    assert.equal(await victim(), "code-not-found");
    const seconds = (performance.now() - began) / 1000;
    // Its own run, and at most two that are under way.
    assert.ok(seconds < 3 * SCRIPT_S + 1, `${seconds} s`);
  }
  const outcomes = new Set(await Promise.all(floods));
  assert.ok(
    outcomes.isSubsetOf(new Set(["code-not-found", "profile-unavailable"])),
    [...outcomes].join(),
  );
});
