import assert from "node:assert/strict";
import tls from "node:tls";
import { OwnPage, type OwnPageOptions } from "../../../../examples/client/watch/own_page.ts";
import { Witness } from "../../../../examples/client/watch/witness.ts";
import { createLog } from "../../../../lib/log.ts";
import { selfSignedIdentity } from "../../../../lib/pki/self_signed.ts";
import { HeldSleeps } from "../held_sleeps.ts";
import { NO_VISITOR_END } from "./no_visitor_end.ts";

/** An `OwnPage` of a test whose page somebody else answers for. */
interface Watched {
  sleeps: HeldSleeps;
  lines: string[];
  verdicts: string[];
  /** Connections to whoever answers. */
  looks: () => number;
  comeOnline: () => void;
  loseSession: () => void;
}

/** Watches it at a relay that says whether the client is online. */
async function watchAnother(
  { online = true, ...world }:
    & Partial<Pick<OwnPageOptions, "relay" | "now">>
    & { online?: boolean | Error },
  tell: (watched: Watched) => Promise<void>,
): Promise<void> {
  const { key, cert } = await selfSignedIdentity(["kaylee.localhost"], Date.now());
  const server = tls.createServer({ key, cert });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://kaylee.localhost:${(server.address() as { port: number }).port}`;
  let looks = 0;
  server.on("connection", () => looks++);
  const sleeps = new HeldSleeps();
  const lines: string[] = [];
  const verdicts: string[] = [];
  const leaving = new AbortController();
  let sessions = 0;
  const health = {
    session: undefined as number | undefined,
    seen: (verdict: string) => Promise.resolve(void verdicts.push(verdict)),
  };
  const account = { username: "kaylee", hostname: "kaylee.localhost", certificate: null };
  const page = new OwnPage({
    relay: new URL("https://relay.localhost"),
    http: { isAt: () => Promise.resolve(false) },
    health,
    api: {
      account: () =>
        online instanceof Error
          ? Promise.reject(online)
          : Promise.resolve({ ...account, online, lastOnlineAt: null }),
    },
    ca: undefined,
    witness: new Witness(NO_VISITOR_END, () => {}),
    resolvers: [],
    now: Date.now,
    sleep: sleeps.sleep,
    random: () => 0,
    log: createLog({ level: "debug", write: (line) => lines.push(line) }),
    signal: leaving.signal,
    ...world,
  });
  const watching = page.watch();
  const comeOnline = (): void => {
    health.session = ++sessions;
    page.give({ page: url });
  };
  const loseSession = (): void => void (health.session = undefined);
  comeOnline();
  await tell({ sleeps, lines, verdicts, looks: () => looks, comeOnline, loseSession });
  leaving.abort();
  await watching;
  await new Promise((resolve) => server.close(resolve));
}

/** Looks twice, as is done when somebody else is seen, before it goes on. */
async function lookAtAnother(
  online: boolean | Error,
  tell: (watched: Watched) => Promise<void>,
): Promise<{ lines: string[]; verdicts: string[] }> {
  const seen: { lines: string[]; verdicts: string[] } = { lines: [], verdicts: [] };
  await watchAnother({ online }, async (watched) => {
    Object.assign(seen, watched);
    await watched.sleeps.end(3_000);
    await watched.sleeps.end(10_000);
    await tell(watched);
  });
  return seen;
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
  assert.deepEqual(verdicts, []);
  assert.match(lines.join("\n"), /^\S+ debug +Cannot look .*why="the session .* ended meanwhile"$/);
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

Deno.test("OwnPage dials no address that the relay's DNS may not send it to", async () => {
  const relay = new URL("https://203.0.113.7");
  await watchAnother({ relay }, async ({ sleeps, lines, verdicts, looks }) => {
    await sleeps.end(3_000);
    await sleeps.begin(900_000);
    assert.deepEqual([looks(), verdicts], [0, ["not seen"]]);
    assert.match(
      lines.join(),
      /why="127\.0\.0\.1 is here or on this network, where the relay is not"/,
    );
  });
});

Deno.test("OwnPage says after a day that the session ends whenever somebody else is seen", async () => {
  let now = 0;
  await watchAnother({ now: () => now }, async (watched) => {
    const { sleeps, lines, verdicts } = watched;
    for (const at of [0, 86_399_999, 86_400_000]) {
      assert.ok(!lines.some((line) => line.includes("for a day")));
      now = at;
      if (at > 0) watched.comeOnline();
      await sleeps.end(3_000);
      await sleeps.begin(10_000);
      watched.loseSession();
      await sleeps.end(10_000);
      await sleeps.begin(7_200_000);
    }
    assert.deepEqual(verdicts, []);
    assert.match(
      lines.at(-1)!,
      /warn .*for a day, so nobody watches .* since=1970-01-01T00:00:00.000Z why="the session/,
    );
  });
});
