import { APACHE_HTTP, APACHE_TLS } from "./front.ts";
import type { Answers } from "./interview.ts";
import { hasOwnScript, PATHS } from "./machine.ts";

/** What the files leave to do for the operator, in the order in which to do it. */
export function nextSteps({ front, apache, profile, settings }: Answers): string {
  const steps = [
    front === "haproxy" &&
    `put ${PATHS.haproxy} in the place of /etc/haproxy/haproxy.cfg, or add its parts to what is there; systemctl reload haproxy`,
    front === "haproxy" && apache && `${PATHS.apache}: its head tells what to do`,
    front === "alone" && apache &&
    `move Apache's own sites from ports 80 and 443 to ${APACHE_HTTP} and ${APACHE_TLS} (ports.conf and the <VirtualHost> lines), those of TLS with RemoteIPProxyProtocol On (a2enmod remoteip); systemctl restart apache2`,
    `export GLOSSOND_SETTINGS_FILE=${PATHS.settings}   for glossond's commands in this shell`,
    profile === undefined && !hasOwnScript(settings) &&
    `${PATHS.bioScript}: write how a bio is read; glossond bio NAME shows it`,
    "systemctl daemon-reload && systemctl enable --now glossond",
  ].filter((step) => step !== false);
  return `\nWhat is left to do:\n${steps.map((step) => `  ${step}\n`).join("")}\nNow:\n`;
}
