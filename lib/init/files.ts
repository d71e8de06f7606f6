import APACHE from "../../examples/apache-vhost.conf" with { type: "text" };
import UNIT from "../../examples/glossond.service" with { type: "text" };
import HAPROXY from "../../examples/haproxy.cfg" with { type: "text" };
import { domain } from "../config/hosts.ts";
import type { Setting } from "../config/setting.ts";
import { SETTINGS } from "../config/settings.ts";
import { BIO_EXAMPLE, withProfile } from "./bio_script.ts";
import { FRONT_NAMES } from "./front.ts";
import type { Answers } from "./interview.ts";
import { hasOwnScript, type Machine, PATHS } from "./machine.ts";

/** The base domain that the examples are written for. */
const EXAMPLE_BASE = "glosson.kaylee.wtf";

/** As the head of the unit tells those who take ports below 1024. */
const LOW_PORTS = `[Service]
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
PrivateUsers=no
`;

/** A file to be written. */
export interface InitFile {
  path: string;
  text: string;
  mode: number;
}

/** The files that make a machine a relay. */
export function filesOf(answers: Answers, machine: Machine): InitFile[] {
  const { front, apache, profile, settings } = answers;
  const base = domain(settings.BASE_DOMAIN!);
  const script = profile === undefined ? BIO_EXAMPLE : withProfile(BIO_EXAMPLE, profile);
  const files: (InitFile | false)[] = [
    { path: PATHS.settings, text: settingsText(answers, base), mode: 0o644 },
    { path: PATHS.secrets, text: secretsText(answers, machine), mode: 0o600 },
    !hasOwnScript(settings) && { path: PATHS.bioScript, text: script, mode: 0o755 },
    !machine.hasUnit && { path: PATHS.unit, text: UNIT, mode: 0o644 },
    front === "alone" && { path: PATHS.dropIn, text: LOW_PORTS, mode: 0o644 },
    front === "haproxy" && { path: PATHS.haproxy, text: haproxyText(base, answers), mode: 0o644 },
    front === "haproxy" && apache && { path: PATHS.apache, text: apacheText(base), mode: 0o644 },
  ];
  return files.filter((file) => file !== false);
}

function settingsText({ settings, front }: Answers, base: string): string {
  const own = {
    STATE_DIR: settings.STATE_DIR ?? PATHS.state,
    SECRETS_FILE: PATHS.secrets,
    GET_BIO_SCRIPT: settings.GET_BIO_SCRIPT ?? PATHS.bioScript,
  };
  const rest = only(
    settings,
    (name) =>
      name !== "BASE_DOMAIN" && !(name in own) && !FRONT_NAMES.includes(name) && !isSecret(name),
  );
  const lines = (entries: Record<string, string>): string =>
    Object.entries(entries).map(([name, value]) => `GLOSSOND_${name}=${quoted(value)}\n`).join("");
  return `# Settings of glossond, written by "glossond init"; "glossond config" lists all of them.
# After a change: systemctl reload glossond, and see journalctl -u glossond -n 20 for what was taken
# over and what needs a restart.

GLOSSOND_BASE_DOMAIN=${base}
${lines(rest)}
# Where its files are.
${lines(own)}
# ${front === "haproxy" ? "Behind HAProxy, see haproxy.cfg." : "It has ports 80 and 443 itself."}
${lines(only(settings, (name) => FRONT_NAMES.includes(name)))}`;
}

/** The entries with such names. */
function only(
  entries: Record<string, string>,
  isOne: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => isOne(name)));
}

function secretsText({ secret, settings }: Answers, { secrets }: Machine): string {
  // Whatever file or variable they came from: the settings file is for all to read.
  const others = Object.entries(settings).filter(([name]) => isSecret(name));
  const all = [...Object.entries(secrets), ...others, ...secret === undefined ? [] : [secret]];
  const lines = Object.entries(Object.fromEntries(all))
    .map(([name, value]) => `${name}=${quoted(value ?? "")}\n`);
  return `# Secrets of glossond, for root alone; systemd hands them over (LoadCredential=).\n\n${
    lines.join("")
  }`;
}

function isSecret(name: string): boolean {
  return Object.values(SETTINGS as Record<string, Setting<unknown>>)
    .some((setting) => setting.name === name && setting.secret);
}

/** A value as the settings file takes it. */
function quoted(value: string): string {
  if (/^[^\s#"'`]*$/.test(value)) return value;
  const mark = [`"`, `'`, "`"].find((one) => !value.includes(one));
  if (mark === undefined || value.includes("\n")) {
    throw new TypeError(`Cannot write ${JSON.stringify(value)} into a file of settings`);
  }
  return mark + value + mark;
}

function haproxyText(base: string, { apache, settings }: Answers): string {
  const text = replaced(HAPROXY, [
    [
      `To fit it to another relay, replace ${EXAMPLE_BASE} by its base domain. glossond's`,
      "glossond's",
    ],
    [EXAMPLE_BASE, base],
    [server("hub", 4430), server("hub", settings.HUB_PORT ?? 4430)],
    [server("control", 9443), server("control", settings.CONTROL_PORT ?? 9443)],
  ]);
  if (apache) return text;
  return replaced(text, [
    [" and Apache: ports 80 and 443 stay HAProxy's, other sites stay Apache's", ""],
    ["#   GLOSSOND_FALLBACK_BACKEND=127.0.0.1:8443?proxy=v2\n", ""],
    ["and Apache's is apache-vhost.conf. ", ""],
    [
      `    # Apache's sites by name: these need no glossond. Write yours here, or name a file with one a line:
    # { req.ssl_sni -i -f /etc/haproxy/apache-sites }
    use_backend apache_tls if { req.ssl_sni -i www.example.org example.org }
`,
      "",
    ],
    [
      `glossond knows, and passes what is not its own to Apache
    # (GLOSSOND_FALLBACK_BACKEND), which has it as if it came from here.`,
      "glossond knows.",
    ],
    ["backend apache_tls\n    server apache 127.0.0.1:8443 send-proxy-v2\n\n", ""],
    // glossond leads from http to https there.
    ["apache_http", "glossond_http"],
    ["server apache 127.0.0.1:8080", `server http 127.0.0.1:${settings.HTTP_PORT ?? 8080}`],
  ]);
}

/** What HAProxy is told of one of the relay's ports. */
function server(name: string, port: number | string): string {
  return `server ${name} 127.0.0.1:${port} socks4 127.0.0.1:${port}`;
}

function apacheText(base: string): string {
  return replaced(APACHE, [
    [
      `# To fit it to another relay, replace ${EXAMPLE_BASE} by its base domain, both ways it is written.\n`,
      "",
    ],
    [EXAMPLE_BASE.replaceAll(".", "\\."), base.replaceAll(".", "\\.")],
    [EXAMPLE_BASE, base],
  ]);
}

/** @throws {Error} when the example has not what is to be replaced: it has changed. */
function replaced(text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  for (const [from, to] of changes) {
    if (!text.includes(from)) {
      throw new Error(`The example has no ${JSON.stringify(from)} any more`);
    }
    text = text.replaceAll(from, to);
  }
  return text;
}
