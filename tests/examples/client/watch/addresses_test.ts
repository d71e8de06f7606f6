import assert from "node:assert/strict";
import { parseResolver, visitedAddresses } from "../../../../examples/client/watch/addresses.ts";
import { startFakeDns } from "../../../command/fake_dns.ts";

Deno.test("visitedAddresses() asks the system and each resolver, and has each address once", async () => {
  await using one = await startFakeDns(() => "192.0.2.1");
  await using two = await startFakeDns((name) =>
    name === "kaylee.glosson-test" ? "192.0.2.2" : "192.0.2.1"
  );
  await using none = await startFakeDns(() => undefined);
  const resolver = ({ port }: { port: number }) => ({ ipAddr: "127.0.0.1", port });
  const { signal } = new AbortController();
  // No system knows the name.
  const all = [one, none, two].map(resolver);
  assert.deepEqual(await visitedAddresses("kaylee.glosson-test", all, signal), [
    "192.0.2.1",
    "192.0.2.2",
  ]);
  assert.deepEqual(await visitedAddresses("zoe.glosson-test", all, signal), ["192.0.2.1"]);
  assert.deepEqual(await visitedAddresses("kaylee.localhost", all, signal), ["127.0.0.1"]);
  await assert.rejects(
    visitedAddresses("kaylee.glosson-test", [resolver(none)], signal),
    /ENOTFOUND|EAI/,
  );
});

Deno.test("parseResolver() reads addresses with and without a port", () => {
  const cases: [string, string, number][] = [
    ["9.9.9.9", "9.9.9.9", 53],
    ["127.0.0.1:5353", "127.0.0.1", 5353],
    ["2620:fe::fe", "2620:fe::fe", 53],
    ["[2620:fe::fe]:5353", "2620:fe::fe", 5353],
  ];
  for (const [text, ipAddr, port] of cases) {
    assert.deepEqual(parseResolver(text), { ipAddr, port });
  }
  for (
    const text of ["", "dns.example.org", "9.9.9.9:0", "9.9.9.9:65536", "[9.9.9.9", "9.9.9.9:"]
  ) {
    assert.equal(parseResolver(text), undefined, text);
  }
});
