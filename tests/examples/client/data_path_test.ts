import assert from "node:assert/strict";
import type { DataConnection } from "../../../examples/client/data_connection.ts";
import { Foreign, NoVisitor } from "../../../examples/client/data_connection.ts";
import { DataPath, type DataPathReport } from "../../../examples/client/data_path.ts";
import { ManualClock } from "../../manual_clock.ts";

const ADDRESS = { hostname: "relay.example", port: 9000 };
const JOINED = { state: "joined" } as DataConnection;

/** A way whose connections become what a test says. */
function way() {
  const clock = new ManualClock();
  const over = new AbortController();
  const reports: DataPathReport[] = [];
  const path = new DataPath({
    onChange: (report) => reports.push(report),
    signal: over.signal,
    schedule: clock.schedule,
  });
  const words = () => reports.map(({ word }) => word);
  async function fail(error: Error, address = ADDRESS, shown = false): Promise<void> {
    await assert.rejects(path.watch(address, (onShown) => {
      if (shown) onShown("tcp");
      return Promise.reject(error);
    }));
  }
  async function become(connection: DataConnection, answersAtOnce = false): Promise<void> {
    const dial = (onShown: (over: "tcp") => void): Promise<DataConnection> => {
      onShown("tcp");
      return Promise.resolve(connection);
    };
    await path.watch(ADDRESS, dial, answersAtOnce);
  }
  /** Parks a connection until it is ended. */
  function park(): () => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<DataConnection>();
    const done = path.watch(ADDRESS, (onShown) => {
      onShown("tcp");
      return promise;
    });
    return async () => {
      resolve({ state: "ended" });
      await done;
    };
  }
  return { clock, over, path, reports, words, fail, become, park };
}

for (
  const [error, word] of [
    [new Deno.errors.ConnectionRefused("Connection refused (os error 111)"), "refused"],
    [new DOMException("Signal timed out.", "TimeoutError"), "timeout"],
    [new Deno.errors.TimedOut("Connection timed out (os error 110)"), "timeout"],
    [new Error("failed to lookup address information: Name or service not known"), "unknown-host"],
    [new Error("failed to lookup address information: Try again"), "unknown-host"],
    [new Error("getaddrinfo ENOTFOUND no-such-host.invalid"), "unknown-host"],
    [new Deno.errors.NetworkUnreachable("Network is unreachable (os error 101)"), "no-route"],
    [new Error("No route to host (os error 113)"), "no-route"],
    [new Foreign("no signature"), "foreign"],
    [new Error("Invalid argument (os error 22)"), "other"],
  ] as const
) {
  Deno.test(`DataPath tells what stops a first connection: ${word}, ${error.message}`, async () => {
    const { reports, path, fail } = way();
    await fail(error);
    assert.equal(reports.length, 1);
    assert.deepEqual({ ...reports[0], detail: "" }, { ...ADDRESS, word, detail: "", over: "tcp" });
    assert.notEqual(reports[0]!.detail, "");
    assert.equal(path.report, reports[0]);
  });
}

Deno.test("DataPath tells when something else carries what works", async () => {
  const { path, reports, become } = way();
  await become(JOINED);
  await path.watch(ADDRESS, (onShown) => {
    onShown("websocket");
    return Promise.resolve(JOINED);
  });
  await become(JOINED);
  assert.deepEqual(reports.map(({ over }) => over), ["tcp", "websocket", "tcp"]);
});

Deno.test("DataPath takes one failure of a good way for an accident, two in a row not", async () => {
  const { words, fail, become } = way();
  const refused = new Deno.errors.ConnectionRefused("no");
  await become(JOINED);
  await fail(refused);
  await become(JOINED);
  await fail(refused);
  assert.deepEqual(words(), ["works"]);
  await fail(refused);
  assert.deepEqual(words(), ["works", "refused"]);
  await become({ state: "refused" });
  assert.deepEqual(words(), ["works", "refused", "works"]);
});

Deno.test("DataPath lets a success stand against what was begun before it, and fails later", async () => {
  const { path } = way();
  const words: string[] = [];
  const late = [1, 2, 3].map(() => {
    const { promise, reject } = Promise.withResolvers<DataConnection>();
    return { watched: path.watch(ADDRESS, () => promise).catch(() => {}), reject };
  });
  await path.watch(ADDRESS, () => Promise.resolve(JOINED));
  for (const { watched, reject } of late) {
    reject(new DOMException("", "TimeoutError"));
    await watched;
    words.push(path.report!.word);
  }
  assert.deepEqual(words, ["works", "works", "works"]);
});

Deno.test("DataPath tells a bad way once, whatever else goes wrong on it", async () => {
  const { words, fail } = way();
  await fail(new Deno.errors.ConnectionRefused("no"));
  for (let i = 0; i < 3; i++) await fail(new DOMException("", "TimeoutError"));
  assert.deepEqual(words(), ["refused"]);
});

Deno.test("DataPath believes a parked connection once it lasts", async () => {
  const { clock, words, fail, park } = way();
  await fail(new Deno.errors.ConnectionRefused("no"));
  const end = park();
  assert.deepEqual(words(), ["refused"]);
  clock.advance(2_000);
  assert.deepEqual(words(), ["refused", "works"]);
  await end();
  for (let i = 0; i < 3; i++) {
    const next = park();
    clock.advance(300_000);
    await next();
  }
  assert.deepEqual(words(), ["refused", "works"]);
  assert.equal(clock.waiting, 0);
});

Deno.test("DataPath sees a way where every connection is closed at once", async () => {
  const { clock, words, fail, park } = way();
  for (let i = 0; i < 2; i++) await park()();
  assert.deepEqual(words(), []);
  await fail(new Deno.errors.ConnectionReset("reset"), ADDRESS, true);
  assert.deepEqual(words(), ["closed"]);
  assert.equal(clock.waiting, 0);
});

Deno.test("DataPath sees a way where one visitor's ticket after the other is refused", async () => {
  const { clock, words, become, park } = way();
  for (let i = 0; i < 3; i++) await become({ state: "refused" });
  assert.deepEqual(words(), ["works"], "tickets to park with may be old");
  for (let i = 0; i < 3; i++) await become({ state: "refused" }, true);
  assert.deepEqual(words(), ["works", "foreign"]);
  await become({ state: "refused" });
  assert.deepEqual(words(), ["works", "foreign"]);
  const end = park();
  clock.advance(2_000);
  assert.deepEqual(words(), ["works", "foreign", "works"]);
  await end();
});

Deno.test("DataPath takes no refusal for another relay's where a ticket was good", async () => {
  for (const isJoined of [true, false]) {
    const { clock, words, become, park } = way();
    const end = isJoined ? () => become(JOINED) : park();
    clock.advance(2_000);
    await end();
    // Visitors who left while the client was asked.
    for (let i = 0; i < 10; i++) await become({ state: "refused" }, true);
    assert.deepEqual(words(), ["works"]);
  }
});

Deno.test("DataPath learns nothing from the end of the session", async () => {
  const { clock, over, words, fail, park } = way();
  const end = park();
  over.abort();
  await fail(new DOMException("aborted", "AbortError"));
  await end();
  clock.advance(10_000);
  assert.deepEqual(words(), []);
});

Deno.test("DataPath reports the address that does not work, of several", async () => {
  const { path, fail, become } = way();
  await become(JOINED);
  const other = { hostname: "other.example", port: 9001 };
  await fail(new Deno.errors.ConnectionRefused("no"), other);
  assert.deepEqual([path.report!.hostname, path.report!.word], ["other.example", "refused"]);
  for (let port = 1; port < 40; port++) {
    await fail(new Deno.errors.ConnectionRefused("no"), { hostname: "many.example", port });
  }
  assert.equal(path.report!.hostname, "many.example");
});

Deno.test("DataPath believes no connection that lasts where a visitor's was not answered", async () => {
  const { clock, path, words, park, become } = way();
  /** One that the relay has a visitor for. */
  const meet = (outcome: Promise<DataConnection>): Promise<DataConnection> =>
    path.watch(ADDRESS, (onShown) => {
      onShown("tcp");
      return outcome;
    }, true);
  const silent = (): Promise<void> =>
    assert.rejects(
      meet(Promise.reject(new NoVisitor())),
    );
  const ends = [park()];
  clock.advance(2_000);
  assert.deepEqual(words(), ["works"]);
  await silent();
  ends.push(park());
  clock.advance(2_000);
  await silent();
  assert.deepEqual(words(), ["works", "timeout"]);
  assert.match(path.report!.detail, /not answered/);
  ends.push(park());
  clock.advance(2_000);
  assert.deepEqual(words(), ["works", "timeout"]);
  await become(JOINED);
  assert.deepEqual(words(), ["works", "timeout", "works"]);
  // Once a visitor was answered, what lasts says something again.
  await Promise.all(ends.map((end) => end()));
});

Deno.test("DataPath.noteAnswers() tells that what is answered gets lost, until it arrives", async () => {
  const { path, reports, words, become, fail } = way();
  assert.equal(path.noteAnswers(false), undefined, "no way is known");
  await become(JOINED);
  assert.equal(path.noteAnswers(true), undefined);
  assert.equal(path.noteAnswers(false)?.word, "lost");
  assert.equal(path.noteAnswers(false), undefined);
  // Connections come about as before, or fail now and then.
  await become(JOINED);
  await fail(new Deno.errors.ConnectionRefused("refused"));
  assert.equal(path.report?.word, "lost");
  assert.equal(path.noteAnswers(true)?.word, "works");
  assert.deepEqual(words(), ["works", "lost", "works"]);
  assert.deepEqual([reports[1]?.hostname, reports[1]?.over], [ADDRESS.hostname, "tcp"]);
  assert.match(reports[1]!.detail, /^nothing of what visitors are answered arrives/);
});
