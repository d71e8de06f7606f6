import assert from "node:assert/strict";
import { keyFingerprint } from "../../lib/pki/key_fingerprint.ts";
import { selfSignedIdentity } from "../../lib/pki/self_signed.ts";
import { setUpGlosson } from "./glosson.ts";
import { BASE, startRelay } from "./relay.ts";
import { apiOf } from "./user.ts";
import { watchedRun } from "./watched_run.ts";

const NAME = `kaylee.${BASE}`;
const HOUR = 3_600_000;

/** Whether a search finds a name; "%" in it stands for anything, at its beginning. */
function isAskedFor(name: string, searched: string): boolean {
  return searched.startsWith("%") ? name.endsWith(searched.slice(1)) : name === searched;
}

/** A search service of crt.sh's form over certificates by their names; it answers 503 while `away`, and of one. */
function searchService() {
  const logged: { names: string[]; pem: string }[] = [];
  const asked: string[] = [];
  const state: { away: boolean; busyWith?: string } = { away: false };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { search, searchParams: query } = new URL(request.url);
    asked.push(search);
    if (state.away) return new Response("busy", { status: 503 });
    const id = query.get("d");
    if (id !== null && id === state.busyWith) return new Response("busy", { status: 503 });
    if (id !== null) return new Response(logged[Number(id)]?.pem);
    return Response.json(
      logged.flatMap(({ names }, id) =>
        names.some((name) => isAskedFor(name, query.get("q")!))
          ? [{
            id,
            issuer_ca_id: 1,
            issuer_name: "C=US, O=Let's Encrypt, CN=E5",
            common_name: names[0],
            name_value: names.join("\n"),
            entry_timestamp: "2026-11-01T00:00:00.123",
            not_before: "2026-11-01T00:00:00",
            not_after: "2027-01-30T00:00:00",
            serial_number: "03",
          }]
          : []
      ),
    );
  });
  return {
    ...{ logged, asked, state, url: `http://127.0.0.1:${server.addr.port}/` },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("certificates that are neither the user's nor the relay's are told of", async () => {
  await using relay = await startRelay();
  await using glosson = await setUpGlosson(relay, "kaylee");
  await using service = searchService();
  const watch = () => glosson.command("watch-ct", "--service", service.url);
  const ofRelay = await Deno.readTextFile(`${relay.stateDir}/relay.pem`);
  service.logged.push(
    {
      names: [NAME, `app.${NAME}`],
      pem: await Deno.readTextFile(`${glosson.stateDir}/identity.pem`),
    },
    { names: [BASE, `*.${BASE}`], pem: ofRelay },
  );
  const api = apiOf(relay);
  using _client = api.client;
  const { body } = await api.request("GET", "/v1/relay");
  assert.deepEqual(body.keyFingerprints, [keyFingerprint(ofRelay)]);

  const good = await watch();
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /Every certificate for kaylee\.\S+ in the public logs is yours/);
  assert.deepEqual(service.asked.filter((query) => query.startsWith("?d=")), ["?d=0", "?d=1"]);

  const { cert } = await selfSignedIdentity([NAME, `*.${BASE}`], Date.now());
  service.logged.push(
    { names: [`*.${BASE}`], pem: cert },
    { names: [NAME], pem: ofRelay },
    // Nor is it for a name below.
    { names: [`*.${NAME}`], pem: ofRelay },
    { names: [`else${NAME}`], pem: cert },
  );
  // What is found is told, and what is in order is kept, whatever else cannot be had.
  service.state.busyWith = "2";
  const some = await watch();
  assert.equal(some.code, 7, some.stderr);
  assert.match(some.stdout, /^for .*, id 3$/m);
  assert.match(some.stdout, /There may be more of them: http:\S+\?d=2 answers 503\.$/m);
  delete service.state.busyWith;
  const found = await watch();
  assert.equal(found.code, 7, found.stderr);
  const lines = found.stdout.split("\n").filter((line) => line.startsWith("for "));
  // The relay's own key is none for a user's name.
  assert.deepEqual(lines, [
    `for ${NAME} by C=US, O=Let's Encrypt, CN=E5, from 2026-11-01T00:00:00, key ${
      keyFingerprint(ofRelay)
    }, id 3`,
    `for *.${NAME} by C=US, O=Let's Encrypt, CN=E5, from 2026-11-01T00:00:00, key ${
      keyFingerprint(ofRelay)
    }, id 4`,
    `for *.${BASE} by C=US, O=Let's Encrypt, CN=E5, from 2026-11-01T00:00:00, key ${
      keyFingerprint(cert)
    }, id 2`,
  ]);
  // What was in order is not asked for again.
  assert.equal(service.asked.filter((query) => query === "?d=0").length, 1);

  // And by run: hourly while the service is away, which is said once a day.
  service.state.busyWith = "2";
  let now = Date.now();
  await using run = watchedRun(
    glosson.stateDir,
    ["--no-watch", "--watch-ct", service.url],
    { now: () => now, random: () => 0.9 },
  );
  const warnings = () => run.lines.filter((line) => line.includes("Cannot look for certificates"));
  await run.sleeps.end(0.9 * HOUR);
  await run.sleeps.begin(HOUR);
  assert.match(await run.said(/NEITHER YOURS NOR THE RELAY'S/), /certificate="for .*, id 3"/);
  service.state.away = true;
  await run.sleeps.end(HOUR);
  await run.sleeps.begin(HOUR);
  assert.equal(warnings().length, 1);
  assert.match(warnings()[0]!, /warn .* trying hourly error=".*answers 503"/);
  now += 24 * HOUR;
  await run.sleeps.end(HOUR);
  await run.sleeps.begin(HOUR);
  assert.equal(warnings().length, 2);
  service.state.away = false;
  delete service.state.busyWith;
  await run.sleeps.end(HOUR);
  assert.match(
    await run.said(/NEITHER YOURS NOR THE RELAY'S.*, id 2"/),
    /error .*Ask the relay's operator.* certificate="for \*\./,
  );
  await run.sleeps.begin(1.4 * 24 * HOUR);
});
