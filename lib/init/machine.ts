/**
 * `glossond init`: what has to be known to set a relay up on this machine, and the files that make it
 * one. Imports `config`, `file` and `wire`, and the examples that it fits.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { readDotenv } from "../config/dotenv.ts";
import { readIfThere } from "../file/durable.ts";
import { withPort } from "../wire/ip_address.ts";

/** Where the relay's own files are, below the root folder. */
export const PATHS = {
  settings: "/etc/glossond/settings",
  secrets: "/etc/glossond/secrets",
  bioScript: "/etc/glossond/get_bio.py",
  haproxy: "/etc/glossond/haproxy.cfg",
  apache: "/etc/glossond/apache-vhost.conf",
  unit: "/etc/systemd/system/glossond.service",
  /** For ports below 1024. */
  dropIn: "/etc/systemd/system/glossond.service.d/ports.conf",
  state: "/var/lib/glossond",
} as const;

/** Whether the bio script is the operator's, elsewhere than `init` writes one; by names without prefix. */
export function hasOwnScript({ GET_BIO_SCRIPT }: Record<string, string>): boolean {
  return GET_BIO_SCRIPT !== undefined && GET_BIO_SCRIPT !== PATHS.bioScript;
}

/** Where a Debian package keeps its unit: then none is to be written. */
const PACKAGED_UNIT = "/lib/systemd/system/glossond.service";

/** What a machine tells by itself. */
export interface Machine {
  haproxy: boolean;
  apache: boolean;
  /** Whether a package brought the unit. */
  hasUnit: boolean;
  /** What the PowerDNS of this machine is configured for; absent without one. */
  powerDns?: { apiUrl: string; apiKey?: string };
  /** What the settings file and the secrets file hold; empty before the first time. */
  settings: Record<string, string | undefined>;
  secrets: Record<string, string | undefined>;
}

/**
 * Looks at a machine; changes nothing.
 *
 * @param root the folder that is its root, without a slash at its end.
 * @throws {Error} when a file of glossond's is there and cannot be read.
 */
export async function lookAtMachine(root: string): Promise<Machine> {
  const powerDns = await powerDnsOf(root);
  return {
    haproxy: existsSync(`${root}/etc/haproxy`),
    apache: existsSync(`${root}/etc/apache2`),
    hasUnit: existsSync(root + PACKAGED_UNIT),
    ...(powerDns !== undefined && { powerDns }),
    settings: readDotenv(await readIfThere(root + PATHS.settings) ?? "").values,
    secrets: readDotenv(await readIfThere(root + PATHS.secrets) ?? "").values,
  };
}

/** The API of this machine's PowerDNS by its configuration, which is in files as Debian has them. */
async function powerDnsOf(root: string): Promise<Machine["powerDns"]> {
  const folder = `${root}/etc/powerdns`;
  const main = await readConfig(`${folder}/pdns.conf`);
  if (main === undefined) return undefined;
  const more = await namesIn(`${folder}/pdns.d`);
  const texts = await Promise.all(
    more.filter((name) => name.endsWith(".conf")).map((name) =>
      readConfig(`${folder}/pdns.d/${name}`)
    ),
  );
  const values = new Map<string, string>();
  for (const text of [main, ...texts]) {
    for (const [, name, value] of (text ?? "").matchAll(/^\s*([\w-]+)\s*=\s*(.*?)\s*$/gm)) {
      values.set(name!, value!);
    }
  }
  const address = values.get("webserver-address") ?? "127.0.0.1";
  const host = ["0.0.0.0", "::"].includes(address) ? "127.0.0.1" : address;
  const apiKey = values.get("api-key");
  return {
    apiUrl: `http://${withPort(host, Number(values.get("webserver-port") ?? 8081))}`,
    ...(apiKey && { apiKey }),
  };
}

/** Undefined when it is not there or not for us. */
async function readConfig(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined);
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch {
    // There is none.
  }
  return names.sort();
}
