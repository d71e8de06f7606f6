import assert from "node:assert/strict";
import { startRelay } from "./relay.ts";
import { behindProxy } from "./hub_visitor.ts";
import { apiOf } from "./user.ts";

/** A script that notes each run before it takes its time. */
const BIO_SCRIPT = `import pathlib, sys, time
with open(pathlib.Path(__file__).parent / "runs", "a") as runs:
    print(sys.argv[1], file=runs)
time.sleep(0.5)
print("a bio without a code")
`;

Deno.test("forty checks from twenty /64s of one /48 make nobody else wait or lose a check", async () => {
  await using relay = await startRelay({
    settings: { PROXY_PROTOCOL_FROM: "127.0.0.1", LOG_LEVEL: "info" },
    bioScript: BIO_SCRIPT,
  });
  async function runs(): Promise<number> {
    const text = await Deno.readTextFile(`${relay.stateDir}/../runs`).catch(() => "");
    return text.split("\n").length - 1;
  }
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
  while (await runs() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let i = 0; i < 3; i++) {
    const before = await runs();
    assert.equal(await victim(), "code-not-found");
    // Its own, those that had a place already, and those that came into places left meanwhile.
    const during = await runs() - before;
    assert.ok(during <= 8, `${during} runs of 42 before the victim's was over`);
  }
  const outcomes = new Set(await Promise.all(floods));
  assert.ok(
    outcomes.isSubsetOf(new Set(["code-not-found", "profile-unavailable"])),
    [...outcomes].join(),
  );
});
