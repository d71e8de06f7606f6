import assert from "node:assert/strict";
import { join } from "node:path";
import type { SetupOptions } from "../../../examples/client/setup_arguments.ts";
import { setup } from "../../../examples/client/setup.ts";
import { State } from "../../../examples/client/state.ts";
import { readStatus, statusText } from "../../../examples/client/status.ts";
import { type Lines, readLines } from "../../../examples/client/terminal.ts";
import { checkIdentity } from "../../../examples/client/identity.ts";
import { FakeRelay } from "./fake_relay.ts";
import { withFolder } from "./story.ts";

/** A person before an empty state folder, and what they are told. */
interface Desk {
  relay: FakeRelay;
  state: State;
  said: string[];
  /** Milliseconds that were waited so far; short waits of polling too. */
  waits: number[];
  /** What happens before each wait is over. */
  meanwhile: (ms: number) => void;
  setup(options?: Partial<SetupOptions>, lines?: Lines): Promise<void>;
}

async function desk(use: (desk: Desk) => Promise<void>): Promise<void> {
  const relay = await FakeRelay.start();
  try {
    await withFolder(async (folder) => {
      const ca = join(folder, "given-ca.pem");
      await Deno.writeTextFile(ca, relay.authority.pem);
      let now = Date.now();
      const one: Desk = {
        relay,
        state: new State(join(folder, "state")),
        said: [],
        waits: [],
        meanwhile: () => {},
        setup: (options = {}, lines) =>
          setup({
            username: "kaylee",
            relay: relay.url,
            ca,
            keyType: "ecdsa",
            force: false,
            ...options,
          }, {
            state: one.state,
            say: (text) => one.said.push(text),
            lines,
            now: () => now,
            sleep(ms, signal) {
              // A wait for Enter that is not cut short lasts as long as it says.
              if (lines !== undefined && ms > 1000 && signal !== undefined) {
                return new Promise((done) => signal.addEventListener("abort", () => done()));
              }
              now += ms;
              one.waits.push(ms);
              one.meanwhile(ms);
              return Promise.resolve();
            },
          }),
      };
      await use(one);
    });
  } finally {
    await relay.stop();
  }
}

/** The code that the person was shown. */
function shownCode(said: string[]): string {
  return /^ {4}(\S+)$/m.exec(said.join("\n"))![1]!;
}

/** Lines that a test types. */
function typed(): Lines & { type(line: string): void } {
  const queue = new TransformStream<Uint8Array, Uint8Array>();
  const writer = queue.writable.getWriter();
  const reader = queue.readable.getReader();
  return {
    ...readLines({
      async read(p) {
        const { value, done } = await reader.read();
        if (done) return null;
        p.set(value);
        return value.length;
      },
    }),
    type: (line) => void writer.write(new TextEncoder().encode(`${line}\n`)),
  };
}

const VERIFY = "POST /v1/claims/the-claim/verify";

Deno.test("setup() claims a name, waits for the code and gets a certificate", () =>
  desk(async (desk) => {
    const { relay, state, said, waits } = desk;
    relay.slowCertificates = true;
    desk.meanwhile = () => {
      if (waits.length === 3) relay.bio = `me (${shownCode(said)}) and more`;
    };
    await desk.setup();
    assert.deepEqual(waits.slice(0, 3), [15_000, 20_000, 30_000]);
    assert.equal(relay.requests.filter((line) => line === VERIFY).length, 3);
    const account = await state.account();
    assert.equal(account!.token, relay.token);
    assert.equal(account!.hostname, "kaylee.glosson.localhost");
    assert.equal(await state.ca(), relay.authority.pem);
    assert.equal(await state.claim(), undefined);
    checkIdentity((await state.identity())!, account!.hostname, Date.now());
    const told = said.join("\n");
    assert.match(told, /bio of your profile "kaylee"/);
    assert.match(told, /Not yet\. Title of code-not-found/);
    assert.match(told, /https:\/\/kaylee\.glosson\.localhost/);
    for (const secret of [relay.token, "the-claim", "PRIVATE KEY"]) {
      assert.ok(!told.includes(secret));
    }
  }));

Deno.test("setup() writes the code into a file for local trials, and looks at once", () =>
  desk(async (desk) => {
    const bioFile = join(desk.state.folder, "..", "kaylee.txt");
    desk.meanwhile = () => {
      desk.relay.bio = Deno.readTextFileSync(bioFile);
    };
    await desk.setup({ bioFile });
    assert.equal(desk.waits[0], 0);
    assert.equal(Deno.readTextFileSync(bioFile), `${shownCode(desk.said)}\n`);
    assert.equal(desk.relay.requests.filter((line) => line === VERIFY).length, 1);
  }));

Deno.test("setup() tells the page's address with the port that visitors use, where that is not 443", () =>
  desk(async (desk) => {
    desk.relay.alter = (path, body) =>
      path === "/v1/relay" ? { ...Object(body), publicPort: 4430 } : body;
    desk.meanwhile = () => {
      desk.relay.bio = shownCode(desk.said);
    };
    await desk.setup();
    assert.match(desk.said.at(-1)!, /page is at https:\/\/kaylee\.glosson\.localhost:4430$/m);
  }));

Deno.test("setup() looks at once when Enter is pressed", () =>
  desk(async (desk) => {
    const lines = typed();
    const setting = desk.setup({}, lines);
    await desk.relay.changes.until(() => desk.relay.requests.includes("POST /v1/claims"));
    lines.type("");
    await desk.relay.changes.until(() => desk.relay.requests.includes(VERIFY));
    desk.relay.bio = shownCode(desk.said);
    lines.type("");
    await setting;
    assert.equal(desk.relay.requests.filter((line) => line === VERIFY).length, 2);
  }));

Deno.test("setup() gives up when the code's time is over, within what a relay allows", () =>
  desk(async (desk) => {
    await assert.rejects(desk.setup(), /time is over/);
    const total = desk.waits.reduce((sum, ms) => sum + ms);
    assert.ok(total >= 890_000 && total <= 901_000, `${total}`);
    assert.ok(desk.relay.requests.filter((line) => line === VERIFY).length <= 20);
    assert.equal(await desk.state.account(), undefined);
    assert.equal(await desk.state.claim(), undefined);
  }));

Deno.test("setup() waits as long as a relay asks before it looks again", () =>
  desk(async (desk) => {
    const path = "/v1/claims/CLAIM/verify";
    desk.relay.problems.set(path, { status: 429, code: "rate-limited", retryAfter: "100" });
    desk.meanwhile = () => {
      if (desk.waits.length < 2) return;
      desk.relay.problems.delete(path);
      desk.relay.bio = shownCode(desk.said);
    };
    await desk.setup();
    assert.deepEqual(desk.waits.slice(0, 2), [15_000, 100_000]);
  }));

for (
  const [path, problem] of [
    ["/v1/claims", { status: 403, code: "reserved-username" }],
    ["/v1/claims", { status: 429, code: "rate-limited" }],
    ["/v1/claims/CLAIM/verify", { status: 410, code: "claim-expired" }],
    ["/v1/claims/CLAIM/verify", { status: 404, code: "claim-not-found" }],
    ["/v1/certificates", { status: 429, code: "rate-limited" }],
  ] as const
) {
  Deno.test(`setup() shows ${problem.code} of ${path} and ends`, () =>
    desk(async (desk) => {
      desk.relay.problems.set(path, problem);
      desk.meanwhile = () => desk.relay.bio = shownCode(desk.said);
      await assert.rejects(
        desk.setup(),
        new RegExp(`Title of ${problem.code}: Detail of ${problem.code}\\.`),
      );
      assert.equal(await desk.state.claim(), undefined);
    }));
}

Deno.test("setup() goes on with the code of an earlier, interrupted one", () =>
  desk(async (desk) => {
    desk.relay.problems.set("/v1/claims/CLAIM/verify", { status: 503, code: "x" });
    desk.meanwhile = () => {
      throw new Error("interrupted");
    };
    await assert.rejects(desk.setup(), /interrupted/);
    desk.relay.problems.clear();
    const code = shownCode(desk.said);
    desk.said.length = 0;
    desk.relay.bio = code;
    desk.meanwhile = () => {};
    await desk.setup();
    assert.equal(shownCode(desk.said), code);
    assert.equal(desk.relay.requests.filter((line) => line === "POST /v1/claims").length, 1);
  }));

Deno.test("setup() goes on with the certificate when only that was missing", () =>
  desk(async (desk) => {
    desk.meanwhile = () => desk.relay.bio = shownCode(desk.said);
    desk.relay.problems.set("/v1/certificates", { status: 503, code: "x" });
    await assert.rejects(desk.setup(), /Title of x/);
    const { token } = desk.relay;
    desk.relay.problems.clear();
    await desk.setup();
    assert.equal(desk.relay.token, token);
    assert.equal(desk.relay.issued.length, 1);
  }));

Deno.test("setup() replaces a token only when it is told to", () =>
  desk(async (desk) => {
    desk.meanwhile = () => desk.relay.bio = shownCode(desk.said);
    await desk.setup();
    const { token } = desk.relay;
    await desk.state.saveAccount({ ...(await desk.state.account())!, also: ["app"] });
    await assert.rejects(desk.setup(), /set up already.*--force/);
    const no = typed();
    no.type("n");
    await assert.rejects(desk.setup({}, no), /Nothing was changed/);
    assert.equal(desk.relay.token, token);
    desk.said.length = 0;
    await desk.setup({ force: true, ca: undefined });
    assert.notEqual(desk.relay.token, token);
    const { also, ...account } = (await desk.state.account())!;
    assert.equal(account.token, desk.relay.token);
    assert.deepEqual(also, ["app"]);
    // The key and its certificate are as good as before, and so is the authority.
    assert.equal(desk.relay.issued.length, 1);
    assert.equal(await desk.state.ca(), desk.relay.authority.pem);
  }));

Deno.test("setup() gives back what an unfinished rename has left, and nothing else", () =>
  desk(async (desk) => {
    const { relay, state } = desk;
    desk.meanwhile = () => relay.bio = shownCode(desk.said);
    const given = (): number =>
      relay.requests.filter((line) => line === "DELETE /v1/account").length;
    const again = (): Promise<void> => {
      desk.said.length = 0;
      return desk.setup({ force: true });
    };
    await desk.setup();
    const account = (await state.account())!;
    const former = { ...account, hostname: "robin.example.org", token: "former" };
    // Ended before its new account was kept: nothing was to be given back.
    await state.saveFormerAccount(account);
    await again();
    assert.deepEqual([given(), await state.formerAccount()], [0, undefined]);
    await state.saveFormerAccount(former);
    await again();
    assert.deepEqual([given(), await state.formerAccount()], [1, undefined]);
    // What has been set up anew is not the one that was to be given back.
    await state.saveFormerAccount({ ...former, hostname: account.hostname });
    await again();
    assert.deepEqual([given(), await state.formerAccount()], [1, undefined]);
  }));

Deno.test("setup() does not replace another name without being told", () =>
  desk(async (desk) => {
    desk.meanwhile = () => desk.relay.bio = shownCode(desk.said);
    await desk.setup();
    await assert.rejects(desk.setup({ username: "robin" }), /holds kaylee.*--state DIR/);
  }));

Deno.test("setup() refuses a certificate that is for another name", () =>
  desk(async (desk) => {
    desk.meanwhile = () => desk.relay.bio = shownCode(desk.said);
    desk.relay.authority.sign = () => desk.relay.authority.pair(["x"]).then(({ cert }) => cert);
    await assert.rejects(desk.setup(), /it is not for kaylee\.glosson\.localhost/);
    assert.equal(await desk.state.identity(), undefined);
  }));

Deno.test("setup() refuses a certificate that is for another key", () =>
  desk(async (desk) => {
    const { authority } = desk.relay;
    desk.meanwhile = () => desk.relay.bio = shownCode(desk.said);
    authority.sign = () => authority.pair(["kaylee.glosson.localhost"]).then(({ cert }) => cert);
    await assert.rejects(desk.setup(), /another private key/);
  }));

Deno.test("setup() makes an RSA key when it is told to", () =>
  desk(async (desk) => {
    desk.meanwhile = () => desk.relay.bio = shownCode(desk.said);
    await desk.setup({ keyType: "rsa" });
    const identity = await desk.state.identity();
    assert.ok(identity!.key.length > 1600);
    checkIdentity(identity!, "kaylee.glosson.localhost", Date.now());
  }));

Deno.test("setup() tells a fix when the relay cannot be reached", () =>
  desk(async (desk) => {
    await assert.rejects(desk.setup({ ca: undefined }), /--ca FILE/);
    await assert.rejects(desk.setup({ ca: "/nowhere" }), /Cannot read the authority/);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const relay = new URL(`https://localhost:${listener.addr.port}`);
    listener.close();
    await assert.rejects(desk.setup({ relay }), /nothing listens there/);
  }));

Deno.test("setup() wants a relay of its own protocol", () =>
  desk(async (desk) => {
    const server = await desk.relay.authority.pair(["localhost"]);
    let answer = '{"protocol":2}';
    await using other = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {}, ...server },
      () => new Response(answer),
    );
    const relay = new URL(`https://localhost:${other.addr.port}`);
    await assert.rejects(desk.setup({ relay }), /version 2 of the protocol/);
    for (answer of ["<html>", "null", "[]", "{}", "x".repeat(300_000)]) {
      await assert.rejects(desk.setup({ relay }), /Cannot reach the relay/);
    }
  }));

Deno.test("readStatus() tells how things stand", () =>
  desk(async (desk) => {
    const { relay, state } = desk;
    assert.equal(await readStatus(state, Date.now), undefined);
    desk.meanwhile = () => relay.bio = shownCode(desk.said);
    await desk.setup();
    const status = (await readStatus(state, Date.now))!;
    assert.deepEqual([status.online, status.running, status.problem], [false, false, null]);
    assert.ok(Date.parse(status.certificate!.notAfter) > Date.now());
    assert.ok(!JSON.stringify(status).includes(relay.token));
    relay.token = "another";
    const refused = (await readStatus(state, Date.now))!;
    assert.equal(refused.online, null);
    assert.match(statusText(refused), /Trouble: +Title of unauthorized/);
  }));
