import assert from "node:assert/strict";
import tls from "node:tls";
import { OwnPage } from "../../../../examples/client/watch/own_page.ts";
import { Witness } from "../../../../examples/client/watch/witness.ts";
import { createLog } from "../../../../lib/log.ts";
import { selfSignedIdentity } from "../../../../lib/pki/self_signed.ts";
import { HeldSleeps } from "../held_sleeps.ts";

/** Looks at a page that somebody else answers for, at a relay that says whether the client is online. */
async function lookAtAnother(
  online: boolean | Error,
  tell: (world: { sleeps: HeldSleeps; loseSession: () => void }) => Promise<void>,
): Promise<{ lines: string[]; verdicts: string[] }> {
  const { key, cert } = await selfSignedIdentity(["kaylee.localhost"], Date.now());
  const server = tls.createServer({ key, cert });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sleeps = new HeldSleeps();
  const lines: string[] = [];
  const verdicts: string[] = [];
  const leaving = new AbortController();
  const health = {
    session: 1 as number | undefined,
    seen: (verdict: string) => Promise.resolve(void verdicts.push(verdict)),
  };
  const visitorEnd = {
    connections: 0,
    use: () => Promise.resolve(),
    makeRoom: () => true,
    serve: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  const account = { username: "kaylee", hostname: "kaylee.localhost", certificate: null };
  const page = new OwnPage({
    health,
    api: {
      account: () =>
        online instanceof Error
          ? Promise.reject(online)
          : Promise.resolve({ ...account, online, lastOnlineAt: null }),
    },
    ca: undefined,
    witness: new Witness(visitorEnd, () => {}),
    resolvers: [],
    now: Date.now,
    sleep: sleeps.sleep,
    random: () => 0,
    log: createLog({ level: "debug", write: (line) => lines.push(line) }),
    signal: leaving.signal,
  });
  const watching = page.watch();
  page.give({ page: `https://kaylee.localhost:${(server.address() as { port: number }).port}` });
  await sleeps.end(3_000);
  await sleeps.end(10_000);
  await tell({ sleeps, loseSession: () => health.session = undefined });
  leaving.abort();
  await watching;
  await new Promise((resolve) => server.close(resolve));
  return { lines, verdicts };
}

Deno.test("OwnPage warns at once when the relay itself says that the client is online", async () => {
  const { lines, verdicts } = await lookAtAnother(true, ({ sleeps }) => sleeps.begin(900_000));
  assert.deepEqual(verdicts, ["other"]);
  assert.match(lines.join("\n"), /error +SOMEBODY ELSE ANSWERS/);
});

Deno.test("OwnPage warns of nobody when a session was lost without a word", async () => {
  const { lines, verdicts } = await lookAtAnother(false, async ({ sleeps, loseSession }) => {
    await sleeps.begin(75_000);
    loseSession();
    await sleeps.end(75_000);
    await sleeps.begin(7_200_000);
  });
  assert.deepEqual([lines, verdicts], [[], []]);
});

Deno.test("OwnPage warns when the relay denies a session that goes on, or does not answer", async () => {
  for (const online of [false, new Error("no answer")]) {
    const { lines, verdicts } = await lookAtAnother(online, async ({ sleeps }) => {
      await sleeps.end(75_000);
      await sleeps.begin(900_000);
    });
    assert.deepEqual(verdicts, ["other"]);
    assert.match(lines.join("\n"), /error +SOMEBODY ELSE ANSWERS/);
  }
});
