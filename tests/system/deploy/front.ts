import { fileURLToPath } from "node:url";
import { answers, freePort } from "../../../scripts/ports.ts";
import { must } from "../../../scripts/run.ts";
import { startServer } from "../../../scripts/server.ts";

const EXAMPLES = fileURLToPath(new URL("../../../examples/", import.meta.url));

/** How long a server may take to accept connections. */
const START_TIMEOUT_MS = 10_000;

/** The base domain that the example files are written for. */
const EXAMPLE_BASE = "glosson.kaylee.wtf";

/** Ports of a front, by what listens there. */
export interface FrontPorts {
  /** HAProxy's 443 and 80. */
  tls: number;
  http: number;
  /** Apache's 8443 and 8080. */
  apacheTls: number;
  apacheHttp: number;
}

/** Free ports for a front. */
export function frontPorts(): FrontPorts {
  return { tls: freePort(), http: freePort(), apacheTls: freePort(), apacheHttp: freePort() };
}

/** Options for {@linkcode startFront}. */
export interface FrontOptions {
  dir: string;
  base: string;
  ports: FrontPorts;
  /** Ports of the relay. */
  hub: number;
  control: number;
  /** A site of Apache's own, PEM files for it are made. */
  foreign: string;
}

/**
 * Starts Debian's HAProxy and Apache with the example files: only the base domain, the ports, and
 * the public addresses (which become loopback) are replaced in them.
 */
export async function startFront(options: FrontOptions): Promise<AsyncDisposable> {
  const haproxy = await startHaproxy(options);
  try {
    const apache = await startApache(options);
    return {
      async [Symbol.asyncDispose]() {
        await haproxy[Symbol.asyncDispose]();
        await apache[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await haproxy[Symbol.asyncDispose]();
    throw error;
  }
}

/** The text of an example file, with every one of these found and replaced. */
async function fitted(file: string, changes: [from: string, to: string][]): Promise<string> {
  let text = await Deno.readTextFile(EXAMPLES + file);
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)} any more`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Starts the HAProxy of a front alone. */
export async function startHaproxy(
  options: Omit<FrontOptions, "foreign">,
): Promise<AsyncDisposable> {
  const { dir, base, ports, hub, control } = options;
  const config = `${dir}/haproxy.cfg`;
  await Deno.writeTextFile(
    config,
    await fitted("haproxy.cfg", [
      [EXAMPLE_BASE, base],
      ["bind :::443 v4v6", `bind 127.0.0.1:${ports.tls}`],
      ["bind :::80 v4v6", `bind 127.0.0.1:${ports.http}`],
      ["127.0.0.1:4430 ", `127.0.0.1:${hub} `],
      ["127.0.0.1:9443 ", `127.0.0.1:${control} `],
      ["server apache 127.0.0.1:8443 ", `server apache 127.0.0.1:${ports.apacheTls} `],
      ["server apache 127.0.0.1:8080", `server apache 127.0.0.1:${ports.apacheHttp}`],
    ]),
  );
  await must("haproxy", ["-c", "-f", config]);
  return await start("haproxy", ["-db", "-f", config], [ports.tls, ports.http]);
}

async function startApache(options: FrontOptions): Promise<AsyncDisposable> {
  const { dir, base, ports, foreign } = options;
  await Deno.mkdir(`${dir}/www/.well-known/acme-challenge`, { recursive: true });
  await Deno.writeTextFile(`${dir}/www/index.html`, `the site ${foreign}\n`);
  await Deno.writeTextFile(`${dir}/www/.well-known/acme-challenge/token`, "challenge\n");
  await must("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-keyout", `${dir}/foreign.key`, "-out", `${dir}/foreign.pem`, "-days", "2"],
    ...["-subj", `/CN=${foreign}`, "-addext", `subjectAltName=DNS:${foreign}`],
  ]);
  const vhost = await fitted("apache-vhost.conf", [
    [EXAMPLE_BASE, base],
    [EXAMPLE_BASE.replaceAll(".", "\\."), base.replaceAll(".", "\\.")],
    ["127.0.0.1:8080", `127.0.0.1:${ports.apacheHttp}`],
  ]);
  await Deno.writeTextFile(`${dir}/glosson.conf`, vhost);
  const modules = ["mpm_event", "authz_core", "dir", "rewrite", "ssl", "remoteip", "headers"];
  await Deno.writeTextFile(
    `${dir}/apache2.conf`,
    `ServerRoot ${dir}
PidFile ${dir}/apache2.pid
ErrorLog ${dir}/apache2.log
Mutex posixsem
ServerName localhost
${modules.map((m) => `LoadModule ${m}_module /usr/lib/apache2/modules/mod_${m}.so`).join("\n")}
User www-data
Group www-data
Listen 127.0.0.1:${ports.apacheHttp}
Listen 127.0.0.1:${ports.apacheTls}
DocumentRoot ${dir}/www
DirectoryIndex index.html
<Directory ${dir}/www>
    Require all granted
</Directory>
<VirtualHost 127.0.0.1:${ports.apacheHttp}>
    ServerName ${foreign}
</VirtualHost>
Include ${dir}/glosson.conf
<VirtualHost 127.0.0.1:${ports.apacheTls}>
    ServerName ${foreign}
    RemoteIPProxyProtocol On
    SSLEngine on
    SSLCertificateFile ${dir}/foreign.pem
    SSLCertificateKeyFile ${dir}/foreign.key
    Header set X-Visitor "expr=%{REMOTE_ADDR}"
</VirtualHost>
`,
  );
  // Its workers are not root, and the temporary folder is root's own.
  await Deno.chmod(dir, 0o755);
  const args = ["-d", dir, "-f", `${dir}/apache2.conf`];
  await must("apache2", [...args, "-t"]);
  return await start(
    "apache2",
    [...args, "-DFOREGROUND"],
    [ports.apacheTls, ports.apacheHttp],
  );
}

/** Starts a server and waits until it accepts connections at its ports. */
function start(program: string, args: string[], ports: number[]): Promise<AsyncDisposable> {
  return startServer(program, [program, ...args], {
    isUp: async () => (await Promise.all(ports.map(answers))).every(Boolean),
    withinMs: START_TIMEOUT_MS,
  });
}
