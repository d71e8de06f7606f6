/**
 * Renews the relay's certificate again and again until it is killed, and says so each time; a process of `kill_test.ts`.
 *
 * Argument: JSON of the authority's options, how its PowerDNS is reached and the names.
 */
import { openAcmeAuthority } from "../../../lib/acme/acme_authority.ts";
import { createPowerDns } from "../../../lib/dns/power_dns.ts";
import { startRelayCertificate } from "../../../lib/certificate/relay_certificate.ts";
import { loadOrderModules } from "../../../lib/daemon/late_modules.ts";
import { SILENT_LOG } from "../../../lib/log.ts";

const { options, powerDns, names } = JSON.parse(Deno.args[0]!);
const authority = await openAcmeAuthority({ ...options, dns: createPowerDns(powerDns) });
// What takes as long as an order on a busy machine is not what is to be killed.
await loadOrderModules({ authority: "acme", dns: "powerdns" });
const encoder = new TextEncoder();
Deno.stdout.writeSync(encoder.encode("started\n"));
const relay = await startRelayCertificate({
  authority,
  names,
  stateDir: options.stateDir,
  log: SILENT_LOG,
  onChange: () => {},
});
for (;;) {
  const end = await relay.renewNow().then(() => "renewed", String);
  Deno.stdout.writeSync(encoder.encode(`${end}\n`));
}
