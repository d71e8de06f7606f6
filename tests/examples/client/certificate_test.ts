import assert from "node:assert/strict";
import { AcmeProblem } from "../../../lib/acme/problem.ts";
import { createLog, SILENT_LOG } from "../../../lib/log.ts";
import { NotProved } from "../../../examples/client/asked_pause.ts";
import type { CertificateAnswer } from "../../../examples/client/relay_answers.ts";
import {
  obtainCertificate,
  type ObtainOptions,
} from "../../../examples/client/certificate_request.ts";
import { requestNames } from "../../../lib/pki/csr.ts";
import { checkIdentity, type Identity } from "../../../examples/client/identity.ts";
import {
  firstCertificate,
  keepCertificate,
  type KeepOptions,
} from "../../../examples/client/keep_certificate.ts";
import { ownKeys } from "../../../examples/client/known_keys.ts";
import { RelayProblem } from "../../../examples/client/problem.ts";
import { State } from "../../../examples/client/state.ts";
import { Authority } from "../../../examples/conformance/authority.ts";
import { HeldSleeps } from "./held_sleeps.ts";
import { story, withFolder } from "./story.ts";

const HOSTNAME = "kaylee.glosson.localhost";
const DAY_MS = 86_400_000;

/** A certificate authority behind an API whose answers a test puts in between. */
class Desk {
  readonly authority: Authority;
  /** Answers to give before the right one. */
  readonly answers: (CertificateAnswer | Error)[] = [];
  readonly csrs: string[] = [];
  readonly questions: string[] = [];

  constructor(authority: Authority) {
    this.authority = authority;
  }

  requestCertificate(csr: string): Promise<CertificateAnswer & { status: "pending" }> {
    this.csrs.push(csr);
    return Promise.resolve({ status: "pending", id: `${this.csrs.length}`, retryAfterMs: 0 });
  }

  async certificate(id: string): Promise<CertificateAnswer> {
    this.questions.push(id);
    const answer = this.answers.shift();
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer;
    const csr = this.csrs[Number(id) - 1]!;
    const certificate = await this.authority.sign(csr);
    return { status: "ready", certificate, notAfter: "", renewAfter: "2999-01-01T00:00:00Z" };
  }
}

async function obtaining(
  use: (
    desk: Desk,
    state: State,
    obtain: (options?: Partial<ObtainOptions>) => Promise<Identity>,
    pauses: number[],
  ) => Promise<void>,
): Promise<void> {
  const desk = new Desk(await Authority.create());
  await withFolder(async (folder) => {
    const state = new State(folder);
    const pauses: number[] = [];
    let now = Date.now();
    await use(desk, state, (options) =>
      obtainCertificate({
        api: desk,
        state,
        hosts: [HOSTNAME],
        keyType: "ecdsa",
        now: () => now,
        sleep(ms) {
          pauses.push(ms);
          now += ms;
          return Promise.resolve();
        },
        ...options,
      }), pauses);
  });
}

const NOT_FOUND = new RelayProblem({ code: "certificate-not-found", status: 404, title: "x" });
const FAILED: CertificateAnswer = {
  status: "failed",
  problem: { title: "The authority", detail: "said\u0007 no" },
};

function pending(retryAfterMs?: number): CertificateAnswer {
  return { status: "pending", id: "1", retryAfterMs };
}

Deno.test("obtainCertificate() asks again as the relay says, within bounds", () =>
  obtaining(async (desk, state, obtain, pauses) => {
    desk.answers.push(pending(5_000), pending(), pending(3_600_000));
    const identity = await obtain();
    assert.deepEqual(pauses, [250, 5_000, 2_000, 60_000]);
    const { key, chain, renewAfter } = identity;
    assert.deepEqual(await state.identity(), { key, chain, renewAfter });
    assert.equal(await state.pendingCertificate(), undefined);
  }));

Deno.test("obtainCertificate() does not wait for ever, and goes on later", () =>
  obtaining(async (desk, _state, obtain, pauses) => {
    for (let i = 0; i < 11; i++) desk.answers.push(pending(60_000));
    await assert.rejects(obtain(), /the request goes on/);
    assert.equal(desk.questions.length, 11);
    pauses.length = 0;
    await obtain();
    assert.deepEqual(pauses, [0]);
    assert.equal(desk.csrs.length, 1);
  }));

Deno.test("obtainCertificate() keeps a request over a failed question", () =>
  obtaining(async (desk, _state, obtain) => {
    desk.answers.push(new Error("network"));
    await assert.rejects(obtain(), /network/);
    await obtain();
    assert.equal(desk.csrs.length, 1);
  }));

for (const [what, answer] of [["unknown", NOT_FOUND], ["failed", FAILED]] as const) {
  Deno.test(`obtainCertificate() replaces an earlier run's request that is ${what}`, () =>
    obtaining(async (desk, state, obtain) => {
      await state.savePendingCertificate({ id: "old", key: "old" });
      desk.answers.push(answer);
      await obtain();
      assert.deepEqual(desk.questions, ["old", "1"]);
    }));

  Deno.test(`obtainCertificate() fails when its own request is ${what}`, () =>
    obtaining(async (desk, state, obtain) => {
      desk.answers.push(answer);
      await assert.rejects(obtain(), /forgot the request|The authority: said {2}?no/);
      assert.equal(await state.identity(), undefined);
    }));
}

Deno.test("obtainCertificate() asks for fewer names where a relay gives not all, if told to", () =>
  obtaining(async (desk, _state, obtain) => {
    const [app, git] = [`app.${HOSTNAME}`, `git.${HOSTNAME}`];
    const hosts = [HOSTNAME, app, git];
    assert.deepEqual((await obtain({ hosts })).names, hosts);
    const { requestCertificate } = Desk.prototype;
    const refusal = new RelayProblem({ code: "bad-csr", status: 400, title: "x", detail: "only" });
    let most = 1;
    desk.requestCertificate = (csr) =>
      requestNames(csr).length > most
        ? Promise.reject(refusal)
        : requestCertificate.call(desk, csr);
    await assert.rejects(obtain({ hosts }), refusal);
    const told: Error[] = [];
    const fewer = async (had: string[]): Promise<string[]> =>
      (await obtain({ hosts, orFewer: { had, tell: (why) => told.push(why) } })).names;
    assert.deepEqual(await fewer([]), [HOSTNAME]);
    assert.deepEqual(told, [refusal]);
    // Those that there were come first, but for what is wanted no more.
    most = 2;
    assert.deepEqual(await fewer([HOSTNAME, app, `old.${HOSTNAME}`]), [HOSTNAME, app]);
    most = 1;
    assert.deepEqual(await fewer([HOSTNAME, app]), [HOSTNAME]);
    most = 0;
    await assert.rejects(fewer([HOSTNAME, app]), refusal);
  }));

Deno.test("obtainCertificate() forgets the key of a request that the relay did not take", () =>
  obtaining(async (desk, state, obtain) => {
    await obtain();
    const known = await ownKeys(state);
    for (const status of [400, 429]) {
      const refusal = new RelayProblem({ code: "bad-csr", status, title: "x" });
      desk.requestCertificate = () => Promise.reject(refusal);
      await assert.rejects(obtain(), refusal);
      assert.deepEqual(await ownKeys(state), known);
    }
    // Whether it was taken is not known.
    for (const failure of [new RelayProblem({ code: "", status: 504, title: "x" }), new Error()]) {
      const before = (await state.list("keys.json")).length;
      desk.requestCertificate = () => Promise.reject(failure);
      await assert.rejects(obtain(), failure);
      assert.equal((await state.list("keys.json")).length, before + 1);
    }
  }));

Deno.test("checkIdentity() refuses what cannot be used", async () => {
  const authority = await Authority.create();
  const good = await authority.pair([HOSTNAME]);
  const now = Date.now();
  const check = (key: string, chain: string, at = now): Promise<Identity> =>
    Promise.try(() => checkIdentity({ key, chain }, HOSTNAME, at));
  const { notAfter } = await check(good.key, good.cert);
  await assert.rejects(check(good.key, good.cert, notAfter), /expired/);
  await assert.rejects(check(good.key, "no PEM"), /not readable/);
  await assert.rejects(check("no PEM", good.cert), /another private key/);
  const other = await authority.pair([HOSTNAME]);
  await assert.rejects(check(other.key, good.cert), /another private key/);
  for (const names of [["other.glosson.localhost"], ["*.glosson.localhost"]]) {
    const pair = await authority.pair(names);
    await assert.rejects(check(pair.key, pair.cert), /not for kaylee/);
  }
});

/** An identity by its dates only. */
function dated(notBefore: number, notAfter: number, names: string[] = []): Identity {
  return { key: "", chain: "", names, notBefore, notAfter };
}

/** Keeps a certificate for 90 days from 0, with sleeps in the test's hands, until it is disposed of. */
function keep(
  names: string[],
  options: Pick<KeepOptions, "obtain" | "now"> & Partial<KeepOptions>,
): AsyncDisposable & { sleeps: HeldSleeps; used: Identity[] } {
  const sleeps = new HeldSleeps();
  const used: Identity[] = [];
  const leaving = new AbortController();
  const ended = keepCertificate(dated(0, 90 * DAY_MS, names), (identity) => used.push(identity), {
    ...{ random: () => 0, log: SILENT_LOG },
    ...options,
    ...{ sleep: sleeps.sleep, signal: leaving.signal },
  });
  return {
    ...{ sleeps, used },
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await ended;
    },
  };
}

Deno.test("keepCertificate() backs off when it cannot renew, and goes on", async () => {
  const answers: (Identity | Error)[] = [
    new Error("no"),
    new RelayProblem({ code: "rate-limited", status: 429, title: "x", retryAfterMs: 7_200_000 }),
    dated(70 * DAY_MS, 160 * DAY_MS),
  ];
  await using kept = keep([], {
    obtain() {
      const answer = answers.shift()!;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    now: () => 70 * DAY_MS,
    random: () => 0.5,
  });
  await kept.sleeps.end(60_000);
  await kept.sleeps.end(7_200_000 + 120_000);
  await kept.sleeps.begin(3_240_000);
  assert.equal(kept.used.length, 1);
  assert.equal(answers.length, 0);
});

Deno.test("keepCertificate() leaves an authority alone that asks for it, or could not prove the name", async () => {
  const failures = [
    // Of which it takes five an hour, and another one every 12 minutes.
    new NotProved("nobody there"),
    new AcmeProblem("rateLimited", 429, "x", 70 * DAY_MS + 3_600_000),
    new AcmeProblem("rateLimited", 429, "x", 69 * DAY_MS),
  ];
  await using kept = keep([], {
    obtain: () => Promise.reject(failures.shift() ?? new Error("no")),
    now: () => 70 * DAY_MS,
    random: () => 0.5,
  });
  await kept.sleeps.end(720_000 + 60_000);
  await kept.sleeps.end(3_600_000 + 120_000);
  await kept.sleeps.begin(240_000);
});

Deno.test("keepCertificate() leaves a certificate alone until it is due", async () => {
  let now = 59 * DAY_MS;
  let asked = 0;
  await using kept = keep([], {
    obtain() {
      asked++;
      return Promise.resolve(dated(now, now + 90 * DAY_MS));
    },
    now: () => now,
  });
  await kept.sleeps.end(3_600_000);
  await kept.sleeps.begin(3_600_000);
  assert.equal(asked, 0);
  now = 60 * DAY_MS;
  await kept.sleeps.end(3_600_000);
  await kept.sleeps.begin(3_600_000);
  assert.equal(asked, 1);
});

Deno.test("keepCertificate() asks at once for names that are missing, and does without at a renewal only", async () => {
  let now = DAY_MS;
  const asked: (readonly string[] | undefined)[] = [];
  const answers: (string[] | Error)[] = [new Error("no names"), ["app", "www"], ["www"]];
  await using kept = keep(["www", "old"], {
    obtain(had) {
      asked.push(had);
      const answer = answers.shift()!;
      return answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve(dated(now, now + 90 * DAY_MS, answer));
    },
    hosts: ["www", "app"],
    now: () => now,
    random: () => 0.5,
  });
  await kept.sleeps.begin(60_000);
  assert.deepEqual(asked, [undefined]);
  await kept.sleeps.end(60_000);
  await kept.sleeps.begin(3_240_000);
  assert.deepEqual(asked, [undefined, undefined]);
  now += 61 * DAY_MS;
  await kept.sleeps.end(3_240_000);
  // What was left out then is not asked for before the next one.
  await kept.sleeps.end(3_240_000);
  await kept.sleeps.begin(3_240_000);
  assert.deepEqual(asked, [undefined, undefined, ["app", "www"]]);
});

Deno.test("keepCertificate() asks once for names that the relay refuses, and again at the renewal", async () => {
  let now = DAY_MS;
  let asked = 0;
  const lines: string[] = [];
  const refusal = new RelayProblem({ code: "bad-csr", status: 400, title: "names below: 1" });
  await using kept = keep(["www"], {
    obtain(had) {
      asked++;
      if (had === undefined) return Promise.reject(refusal);
      return Promise.resolve(dated(now, now + 90 * DAY_MS, ["www", "app"]));
    },
    hosts: ["www", "app"],
    now: () => now,
    log: createLog({ level: "debug", write: (line) => lines.push(line) }),
  });
  for (let hour = 0; hour < 3; hour++) await kept.sleeps.end(3_600_000);
  assert.equal(asked, 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, / warn +The relay gives not all names, .* names=app error=.*below: 1/);
  now = 60 * DAY_MS;
  await kept.sleeps.end(3_600_000);
  await kept.sleeps.begin(3_600_000);
  assert.equal(asked, 2);
});

Deno.test("firstCertificate() gives up only when the account is not let in", async () => {
  const leaving = new AbortController();
  const answers = [new Error("network"), 503, 429, 401];
  await assert.rejects(
    firstCertificate({
      obtain() {
        const answer = answers.shift()!;
        return Promise.reject(
          answer instanceof Error
            ? answer
            : new RelayProblem({ code: "", status: answer, title: `status ${answer}` }),
        );
      },
      now: () => 0,
      sleep: () => Promise.resolve(),
      random: () => 0,
      signal: leaving.signal,
      log: SILENT_LOG,
    }),
    /status 401/,
  );
  assert.equal(answers.length, 0);
});

Deno.test("run() asks for another certificate when the saved one is of no use", () =>
  story(async ({ relay, state, start }) => {
    const { key, cert } = await relay.authority.pair([HOSTNAME], {
      notBefore: new Date(Date.now() - 2 * DAY_MS),
      notAfter: new Date(Date.now() - DAY_MS),
    });
    await state.saveIdentity({ key, chain: cert });
    const client = start();
    await relay.ready(0);
    assert.equal(relay.issued.length, 1);
    assert.ok(client.lines.some((line) => line.includes("it expired at")));
    (await relay.visit()).close();
  }));

Deno.test("run() goes online with a good saved certificate without asking", () =>
  story(async ({ relay, state, start }) => {
    const { key, cert } = await relay.authority.pair([HOSTNAME]);
    await state.saveIdentity({ key, chain: cert });
    start();
    await relay.ready(0);
    (await relay.visit()).close();
    assert.equal(relay.issued.length, 0);
  }));
