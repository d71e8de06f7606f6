/**
 * Orders a certificate where the zone's name server can be reached over IPv6 alone; a process of
 * `v6_test.ts` in a network of its own, whose resolver is that name server.
 */
// deno-lint-ignore-file no-console
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { acmeBench, BASE, NAMES } from "./bench.ts";
import { writeSets } from "./zone.ts";

await using it = await acmeBench({ dns: { dnsPort: 53, addresses: ["127.0.0.1", "::1"] } });
// Nothing in this network leads to the first one.
await writeSets(it.dns, BASE, [`ns1.${BASE}`, "A", "10.9.9.9"], [`ns1.${BASE}`, "AAAA", "::1"]);
const authority = await it.open({ dnsServers: [], propagationTimeoutMs: 8_000 });
const { csr } = await makeKeyAndRequest(NAMES);
const chain = await authority.issue({
  csr,
  names: NAMES,
  onStep: (step, fields) => console.log(step, fields?.servers ?? ""),
});
console.log(chain.includes("BEGIN CERTIFICATE") ? "a certificate came" : "no certificate came");
