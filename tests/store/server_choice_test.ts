import assert from "node:assert/strict";
import { newestPrimary } from "../../lib/store/postgres/primary.ts";
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
    choice.faultOf({ timeline, readOnly, system: "1" });
  assert.equal(faultOf("00000009"), undefined);
  assert.match(faultOf(null, true)!, /takes no changes/);
  assert.match(faultOf("00000009", true)!, /takes no changes/);
  assert.equal(faultOf("0000000A"), undefined, "a standby was promoted");
  assert.match(faultOf("00000009")!, /was the primary before/);
  assert.equal(faultOf("0000000A"), undefined);
});

Deno.test("ServerChoice takes no other primary for a copy, until nothing is left of the one before", () => {
  const choice = new ServerChoice(ADDRESS);
  const [one, other] = ["1", "2"].map((system) => ({
    ...{ system, timeline: "00000001", readOnly: false },
  }));
  assert.equal(choice.faultOf(one!), undefined);
  choice.saw({ ...other!, timeline: "00000009" });
  assert.match(choice.faultOf(other!)!, /no copy of the primary before/);
  assert.equal(choice.faultOf(one!), undefined);
  choice.saw(other!, true);
  assert.equal(choice.faultOf(other!), undefined);
  assert.match(choice.faultOf(one!)!, /no copy of the primary before/);
});

Deno.test("choiceFor() is one for all that have an address", () => {
  assert.equal(choiceFor(ADDRESS), choiceFor(ADDRESS));
  assert.notEqual(choiceFor(ADDRESS), choiceFor({ ...ADDRESS }));
});

Deno.test("newestPrimary() refuses two primaries that both take changes, and passes by what takes none", () => {
  const server = (system: string, timeline: string | null, readOnly = timeline === null) => ({
    ...{ server: `server ${system}`, system, timeline, readOnly },
  });
  const [moved, one] = [server("1", "00000009", true), server("2", "00000001")];
  assert.equal(newestPrimary([moved, one]), one, "moved by logical replication");
  assert.equal(newestPrimary([server("2", null), one]), one);
  assert.equal(newestPrimary([moved]), undefined);
  assert.throws(
    () => newestPrimary([{ ...moved, readOnly: false }, one]),
    /both take changes, and neither/,
  );
});
