import assert from "node:assert/strict";
import { newestTimeline } from "../../lib/store/postgres/primary.ts";
import { choiceFor, ServerChoice } from "../../lib/store/postgres/server_choice.ts";
import { parsePostgresUrl } from "../../lib/wire/postgres_url.ts";

const ADDRESS = parsePostgresUrl("postgres://u@one,two,three/d");

Deno.test("ServerChoice goes on to the next server once the current one fails, and stays there", () => {
  const choice = new ServerChoice(ADDRESS);
  const [one, two, three] = ADDRESS.servers;
  assert.equal(choice.current, one);
  choice.failed(one, new Error("away"));
  assert.equal(choice.current, two);
  // Of connections that were begun before.
  choice.failed(one, new Error("away"));
  assert.equal(choice.current, two);
  choice.failed(two!, new Error("away"));
  choice.failed(three!, new Error("away"));
  assert.equal(choice.current, one, "again from the first");
});

Deno.test("ServerChoice works with the primary that was promoted last, and no standby", () => {
  const choice = new ServerChoice(ADDRESS);
  const faultOf = (timeline: string | null, readOnly = false) =>
    choice.faultOf({ timeline, readOnly });
  assert.equal(faultOf("00000009"), undefined);
  assert.match(faultOf(null, true)!, /takes no changes/);
  assert.match(faultOf("00000009", true)!, /takes no changes/);
  assert.equal(faultOf("0000000A"), undefined, "a standby was promoted");
  assert.match(faultOf("00000009")!, /was the primary before/);
  assert.equal(faultOf("0000000A"), undefined);
});

Deno.test("choiceFor() is one for all that have an address", () => {
  assert.equal(choiceFor(ADDRESS), choiceFor(ADDRESS));
  assert.notEqual(choiceFor(ADDRESS), choiceFor({ ...ADDRESS }));
});

Deno.test("newestTimeline() refuses two primaries that both take changes, and passes by what takes none", () => {
  const server = (system: string, timeline: string | null, readOnly = timeline === null) => ({
    ...{ server: `server ${system}`, system, timeline, readOnly },
  });
  const [moved, one] = [server("1", "00000009", true), server("2", "00000001")];
  assert.equal(newestTimeline([moved, one]), "00000001", "moved by logical replication");
  assert.equal(newestTimeline([server("2", null), one]), "00000001");
  assert.equal(newestTimeline([moved]), undefined);
  assert.throws(
    () => newestTimeline([{ ...moved, readOnly: false }, one]),
    /both take changes, and neither/,
  );
});
