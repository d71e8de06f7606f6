import { must } from "../../../scripts/run.ts";
import { executables } from "./executable.ts";
import { type PlacedFile, startSystemd, type Systemd } from "./systemd.ts";

/** The zone that the machine's PowerDNS holds, and the relay's domain in it. */
export const ZONE = "example.test";
export const BASE = `pages.${ZONE}`;

/** Where the ACME server is. */
const ACME = { port: 14_000, management: 15_000 } as const;
export const DIRECTORY_URL = `https://localhost:${ACME.port}/dir`;

/** Settings of the servers, each as somebody has set it up who has one. */
const PDNS_CONF = `launch=gsqlite3
gsqlite3-database=/var/lib/powerdns/pdns.sqlite3
local-address=127.0.0.1
socket-dir=/run
api=yes
api-key=a-key-of-powerdns
webserver=yes
`;

const PEBBLE_CONF = JSON.stringify({
  pebble: {
    listenAddress: `127.0.0.1:${ACME.port}`,
    managementListenAddress: `127.0.0.1:${ACME.management}`,
    certificate: "/etc/pebble/tls.pem",
    privateKey: "/etc/pebble/tls.key",
    httpPort: 80,
    tlsPort: 443,
  },
});

/** A unit that runs a program. */
export function unit(command: string, lines: Record<string, string> = {}): PlacedFile {
  const more = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`).join("");
  return { text: `[Service]\nExecStart=${command}\n${more}` };
}

/** The machine of somebody who has HAProxy, PowerDNS and a domain, and wants to run a relay. */
export interface Machine extends Systemd {
  /** Runs lines of a shell; fails with what they wrote. */
  shell(script: string): Promise<string>;
  /** Runs them again until they do well. */
  until(script: string): Promise<string>;
}

/**
 * Starts a machine with the real systemd, PowerDNS and an ACME server, and an HAProxy that is not
 * started, in namespaces of their own. In `/run/setup` are the executables, as a release has them.
 */
export async function startMachine(files: Record<string, PlacedFile>): Promise<Machine> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-machine-" });
  const programs = await executables();
  try {
    await must("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", `${dir}/tls.key`, "-out", `${dir}/tls.pem`, "-days", "2", "-subj", "/CN=acme"],
      ...["-addext", "subjectAltName=DNS:localhost"],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ]);
    const systemd = await startSystemd({
      "/run/setup/glossond-linux-x64": { from: `${programs}/glossond`, mode: "755" },
      "/run/setup/glosson-linux-x64": { from: `${programs}/glosson`, mode: "755" },
      "/etc/resolv.conf": { text: "nameserver 127.0.0.1\n" },
      "/etc/hosts": { text: "127.0.0.1 localhost\n" },
      "/etc/powerdns/pdns.conf": { text: PDNS_CONF },
      "/etc/systemd/system/pdns.service": unit("/usr/sbin/pdns_server --guardian=no --daemon=no"),
      "/etc/pebble/pebble.json": { text: PEBBLE_CONF },
      "/etc/pebble/tls.pem": { from: `${dir}/tls.pem` },
      "/etc/pebble/tls.key": { from: `${dir}/tls.key` },
      "/etc/systemd/system/pebble.service": unit(
        "/usr/bin/pebble -config /etc/pebble/pebble.json -dnsserver 127.0.0.1:53",
        { Environment: "PEBBLE_VA_NOSLEEP=1" },
      ),
      "/etc/systemd/system/haproxy.service": unit(
        "/usr/sbin/haproxy -db -f /etc/haproxy/haproxy.cfg",
      ),
      ...files,
    }, { ownNetwork: true });
    const machine = machineOf(systemd);
    await machine.shell(`
      mkdir -p /var/lib/powerdns
      sqlite3 /var/lib/powerdns/pdns.sqlite3 \
        '.read /usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'
      pdnsutil create-zone ${ZONE} ns1.${ZONE}
      for name in ns1 ${BASE.split(".")[0]} '*.${BASE.split(".")[0]}'; do
        pdnsutil add-record ${ZONE} "$name" A 127.0.0.1
      done
      systemctl start pdns pebble`);
    await machine.until(`curl -sf --cacert /etc/pebble/tls.pem ${DIRECTORY_URL}`);
    return machine;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function machineOf(systemd: Systemd): Machine {
  const shell = async (script: string): Promise<string> => {
    const { code, text } = await systemd.run("sh", "-ec", script);
    if (code === 0) return text;
    throw new Error(`${script.trim()}: ended with ${code}: ${text}`);
  };
  return {
    ...systemd,
    shell,
    async until(script) {
      for (let tries = 0;; tries++) {
        try {
          return await shell(script);
        } catch (error) {
          if (tries > 150) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

/** The root of the certificates that the machine's ACME server signs. */
export const FETCH_ROOT =
  `curl -sf --cacert /etc/pebble/tls.pem https://localhost:${ACME.management}/roots/0`;
