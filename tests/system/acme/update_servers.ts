import { must } from "../../../scripts/run.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import type { DnsProvider } from "../../../lib/dns/provider.ts";
import { createRfc2136 } from "../../../lib/dns/rfc2136.ts";
import type { TsigKey } from "../../../lib/dns/rfc2136/tsig.ts";
import { freeDnsPort, startProcess, type ZoneServer } from "./servers.ts";

/** The key that may change only what a relay has to. */
export const KEY: TsigKey = {
  name: "glossond",
  algorithm: "hmac-sha256",
  secret: btoa("a secret of thirty-two bytes ...."),
};

/** The key that may change everything. */
const OPERATOR = { name: "operator", algorithm: "hmac-sha512", secret: btoa("the operator's") };

/** The types that {@linkcode KEY} may change, as OPERATING tells. */
const TYPES = ["A", "AAAA", "CNAME", "TXT", "HTTPS", "CAA"];

/** A DNS server that takes dynamic updates. */
export interface UpdateServer extends ZoneServer {
  /** @param key what is other than in the server's configuration. */
  provider(key?: Partial<TsigKey>): DnsProvider;
  /** Runs an update as the operator, in the words of nsupdate(1). */
  update(...lines: string[]): Promise<void>;
  /** What stands in the zone at a name and below it, as `NAME. TYPE VALUE`, without what signing makes. */
  standsAt(name: string): Promise<string[]>;
}

/** What a server is started with. */
export interface UpdateServerOptions {
  zone: string;
  /** Types that {@linkcode KEY} may change. @default what OPERATING tells */
  types?: string[];
  /** Whether the zone is signed (DNSSEC). @default {false} */
  signed?: boolean;
}

/** Starts Debian's bind9 on loopback. */
export function startBind(options: UpdateServerOptions): Promise<UpdateServer> {
  return start(options, (folder, port) => ({
    file: "named.conf",
    text: `
options {
  directory "${folder}"; pid-file none; session-keyfile "${folder}/session.key";
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; notify no;
};
controls { };
${
      [KEY, OPERATOR].map(({ name, algorithm, secret }) =>
        `key "${name}" { algorithm ${algorithm}; secret "${secret}"; };`
      ).join("\n")
    }
zone "${options.zone}" {
  type primary;
  ${options.signed ? "dnssec-policy default;" : ""}
  file "${folder}/zone";
  update-policy {
    grant operator zonesub ANY;
    grant ${KEY.name} subdomain ${options.zone}. ${(options.types ?? TYPES).join(" ")};
  };
  allow-transfer { key operator; key ${KEY.name}; };
};`,
    program: "named",
    args: ["-f", "-c"],
  }));
}

/** Starts Debian's knot on loopback. */
export function startKnot(options: UpdateServerOptions): Promise<UpdateServer> {
  return start(options, (folder, port) => ({
    file: "knot.conf",
    text: `
server:
  rundir: ${folder}
  listen: 127.0.0.1@${port}
database:
  storage: ${folder}
key:
${
      [KEY, OPERATOR].map(({ name, algorithm, secret }) => `
  - id: ${name}
    algorithm: ${algorithm}
    secret: ${secret}`).join("")
    }
acl:
  - id: operator
    key: operator
    action: [update, transfer]
  - id: glossond-read
    key: ${KEY.name}
    action: transfer
  - id: glossond
    key: ${KEY.name}
    action: update
    update-type: [${(options.types ?? TYPES).join(", ")}]
    update-owner: name
    update-owner-match: sub-or-equal
    update-owner-name: ${options.zone}.
zone:
  - domain: ${options.zone}
    file: ${folder}/zone
    dnssec-signing: ${options.signed ? "on" : "off"}
    acl: [operator, glossond-read, glossond]`,
    program: "knotd",
    args: ["-c"],
  }));
}

interface Configuration {
  file: string;
  text: string;
  program: string;
  /** Those before the configuration's path. */
  args: string[];
}

async function start(
  { zone }: UpdateServerOptions,
  configure: (folder: string, port: number) => Configuration,
): Promise<UpdateServer> {
  const folder = temporaryFolder();
  const dnsPort = freeDnsPort();
  const { file, text, program, args } = configure(folder.path, dnsPort);
  const path = `${folder.path}/${file}`;
  await Deno.writeTextFile(path, text);
  await Deno.writeTextFile(
    `${folder.path}/zone`,
    `$ORIGIN ${zone}.\n$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n`,
  );
  const dig = (...question: string[]): Promise<string> =>
    must("dig", [
      ...["@127.0.0.1", "-p", `${dnsPort}`, "+noall", "+answer", "+tries=1", "+time=2"],
      ...["-y", `${OPERATOR.algorithm}:${OPERATOR.name}:${OPERATOR.secret}`, ...question],
    ]);
  const server = await startProcess(
    program,
    [...args, path],
    {},
    async () => {
      if (!/SOA/.test(await dig(zone, "SOA"))) throw new Error("not yet");
    },
    () => folder[Symbol.asyncDispose](),
  );
  return {
    ...server,
    dnsPort,
    provider: (key = {}) =>
      createRfc2136({
        server: { host: "127.0.0.1", port: dnsPort },
        key: () => ({ ...KEY, ...key }),
      }),
    relay: {
      settings: {
        DNS: "rfc2136",
        RFC2136_SERVER: `127.0.0.1:${dnsPort}`,
        RFC2136_KEY_NAME: KEY.name,
        RFC2136_KEY_ALGORITHM: KEY.algorithm,
      },
      secrets: `RFC2136_KEY_SECRET=${KEY.secret}\n`,
    },
    async update(...lines): Promise<void> {
      const script = `${folder.path}/update`;
      const { algorithm, name, secret } = OPERATOR;
      await Deno.writeTextFile(
        script,
        [
          `server 127.0.0.1 ${dnsPort}`,
          `zone ${zone}.`,
          `key ${algorithm}:${name} ${secret}`,
          ...lines,
          "send",
          "",
        ].join("\n"),
      );
      await must("nsupdate", [script]);
    },
    async standsAt(name): Promise<string[]> {
      const lines = (await dig(zone, "AXFR")).split("\n").map((line) => line.split(/\s+/));
      return lines
        .filter(([owner = "", , , type = ""]) =>
          `.${owner.toLowerCase()}`.endsWith(`.${name}.`) && !/^(RRSIG|NSEC3?)$/.test(type)
        )
        .map(([owner, , , type, ...value]) => `${owner} ${type} ${value.join(" ")}`)
        .sort();
    },
  };
}
