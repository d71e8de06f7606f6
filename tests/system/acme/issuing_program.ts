/**
 * Takes requests of users and gets their certificates until it is killed; a process of
 * `budget_test.ts`.
 *
 * Argument: JSON of the authority's options, how its PowerDNS is reached, the budget, and the
 * requests to submit.
 */
import { openAcmeAuthority } from "../../../lib/acme/acme_authority.ts";
import { createPowerDns } from "../../../lib/dns/power_dns.ts";
import { createIssuance } from "../../../lib/issuance/issuance.ts";
import { openStore } from "../../../lib/store/open.ts";
import { SILENT_LOG } from "../../../lib/log.ts";

const { options, powerDns, perWeek, requests } = JSON.parse(Deno.args[0]!);
const encoder = new TextEncoder();
const say = (line: string): void => void Deno.stdout.writeSync(encoder.encode(`${line}\n`));
const authority = await openAcmeAuthority({ ...options, dns: createPowerDns(powerDns) });
const issuance = createIssuance({
  store: await openStore(options),
  authority,
  log: { ...SILENT_LOG, info: (message) => say(message) },
  perWeek,
});
for (const { username, hostname, csr } of requests) {
  const answer = await issuance.submit(username, hostname, csr);
  // From here on the request is acknowledged.
  say(answer.ok ? `accepted ${username} ${answer.id}` : `refused ${username} ${answer.detail}`);
}
