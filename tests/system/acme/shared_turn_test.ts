import assert from "node:assert/strict";
import { openChallengeJournal } from "../../../lib/dns/challenge_journal.ts";
import { createChallengeWriter } from "../../../lib/dns/challenge_writer.ts";
import type { DnsProvider } from "../../../lib/dns/provider.ts";
import { createDnsTurn, writingInTurn } from "../../../lib/dns/turn.ts";
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { PostgresTurn, type PostgresTurnOptions } from "../../../lib/store/postgres/shared_turn.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import { PostgresServer } from "../postgres/server.ts";
import { acmeBench, BASE, NAMES } from "./bench.ts";
import { startPowerDns } from "./servers.ts";

const RECORD = `_acme-challenge.${BASE}`;

/** What each of two relays does. */
const ROUNDS = 15;

/** A turn that is closed with its scope. */
function turnOn(url: string, options?: PostgresTurnOptions): PostgresTurn & AsyncDisposable {
  const turn = new PostgresTurn({ address: parsePostgresUrl(url) }, options);
  return Object.assign(turn, { [Symbol.asyncDispose]: () => turn.close() });
}

/** Writes challenges as a relay of its own does. */
async function writerOf(dns: DnsProvider, turn?: PostgresTurn) {
  const folder = temporaryFolder();
  const journal = await openChallengeJournal(`${folder.path}/journal`);
  const writer = createChallengeWriter({
    dns: turn === undefined ? dns : writingInTurn(dns, turn),
    journal,
    inTurn: createDnsTurn(`${folder.path}/dns.lock`, turn),
  });
  return {
    ...writer,
    async [Symbol.asyncDispose]() {
      await journal.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("relays that share a database write challenges of one name one after another", async () => {
  await using database = await PostgresServer.start();
  await using dns = await startPowerDns({ zones: [BASE] });
  const url = await database.createDatabase();
  await using turnA = turnOn(url);
  await using turnB = turnOn(url);
  let underWay = 0;
  const provider: DnsProvider = {
    ...dns.provider(),
    async replace(zone, sets) {
      assert.equal(++underWay, 1, "two writes at once");
      await dns.provider().replace(zone, sets);
      underWay--;
    },
  };
  await using a = await writerOf(provider, turnA);
  await using b = await writerOf(provider, turnB);
  await Promise.all([a, b].map(async (writer, relay) => {
    for (let round = 0; round < ROUNDS; round++) {
      const value = `relay${relay}round${round}`;
      await writer.add(RECORD, [value]);
      assert.ok((await dns.txt(RECORD)).includes(value));
      // As a restart of the database or a fail-over does, wherever that finds the two.
      if (round % 4 === 1) await database.endConnections("test1");
      await writer.remove(RECORD, [value]);
    }
  }));
  assert.deepEqual(await dns.txt(RECORD), []);
});

Deno.test("a relay that lost its turn half-way writes nothing of what it read in it", async () => {
  await using database = await PostgresServer.start();
  await using dns = await startPowerDns({ zones: [BASE] });
  const url = await database.createDatabase();
  await using turnA = turnOn(url, { heldMs: 0 });
  await using turnB = turnOn(url);
  await using b = await writerOf(dns.provider(), turnB);
  let reads = 0;
  await using a = await writerOf({
    ...dns.provider(),
    async read(zone, name, type) {
      const set = await dns.provider().read(zone, name, type);
      // Between its read and its write it is stopped for longer than its turn.
      if (type === "TXT" && ++reads === 1) await b.add(RECORD, ["b"]);
      return set;
    },
  }, turnA);
  await a.add(RECORD, ["a"]);
  assert.equal(reads, 3, "it read anew, and read back");
  assert.deepEqual(await dns.txt(RECORD), ["a", "b"]);
  await Promise.all([a.remove(RECORD, ["a"]), b.remove(RECORD, ["b"])]);
  assert.deepEqual(await dns.txt(RECORD), []);
});

Deno.test("a turn is waited for until its holder, if that died, holds it no longer", async () => {
  await using database = await PostgresServer.start();
  const url = await database.createDatabase();
  await using dead = turnOn(url, { heldMs: 600 });
  await using turn = turnOn(url);
  await using hasty = turnOn(url, { waitMs: 0 });
  await dead.take();
  await assert.rejects(hasty.take(), /another relay has had its turn for too long/);
  await turn.take();
  await assert.rejects(dead.look(), { name: "LostTurnError" });
  // It is no longer its own to give away.
  await dead.release();
  await turn.look();
});

Deno.test("two relays that order at once, the database's connections lost meanwhile, order once each", async () => {
  await using database = await PostgresServer.start();
  await using it = await acmeBench();
  const url = await database.createDatabase();
  await using other = temporaryFolder();
  const steps: string[] = [];
  const ends: Promise<void>[] = [];
  await Promise.all([it.stateDir, other.path].map(async (stateDir) => {
    const turn = new PostgresTurn({ address: parsePostgresUrl(url) });
    const authority = await it.open({ stateDir, turn });
    const { csr } = await makeKeyAndRequest(NAMES);
    await authority.issue({
      csr,
      names: NAMES,
      onStep(step) {
        steps.push(step);
        if (step === "challenge written") ends.push(database.endConnections("test1"));
      },
    });
  }));
  await Promise.all(ends);
  const times = (step: string): number => steps.filter((each) => each === step).length;
  assert.equal(times("order placed"), 2);
  assert.equal(times("challenge removed"), 2);
  assert.deepEqual(await it.dns.txt(RECORD), []);
});
