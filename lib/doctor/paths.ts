import { hostOfRelay } from "../wire/names.ts";
import { X509Certificate } from "node:crypto";
import { fingerprintOf } from "../pki/identity.ts";
import type { Settings } from "../config/settings.ts";
import { proxyMatcher } from "../visitor/source.ts";
import {
  type Answer,
  canConnect,
  exchange,
  isApi,
  isDataPort,
  plainExchange,
  type Target,
} from "./exchange.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";
import { withPort } from "../wire/ip_address.ts";

/** Options for {@linkcode checkPaths}. */
export interface PathOptions {
  settings: Settings;
  /** Where visitors find the base domain. */
  addresses: readonly string[];
  /** The relay's certificate, PEM, when it has one. */
  certificate?: string;
}

/** A way to one of the relay's servers, and what an answer from there looks like. */
interface Path extends Target {
  check: string;
  /** When something else answers. */
  fix: string;
  /** When nothing listens there. */
  closedFix: string;
  /** When nothing comes back at all. */
  silentFix?: string;
  expect: (answer: Answer) => boolean;
}

/** Checks that the listeners answer, and that the public addresses lead to them. */
export async function checkPaths(options: PathOptions): Promise<Finding[]> {
  const { settings } = options;
  const direct = await Promise.all(directPaths(settings).map((path) => check(path, options)));
  const port = settings.publicPort || settings.hubPort;
  const address = await firstReachable(options.addresses, port);
  const isPublic = address === undefined || port === 0
    ? [skipped("public address", "is not known")]
    : await Promise.all(publicPaths(settings, address, port).map((path) => check(path, options)));
  return [
    ...direct,
    await checkData(settings),
    ...isPublic,
    await checkRedirect(settings, address),
  ];
}

/**
 * The first address that can be connected to, IPv4 before IPv6: this machine may lack either. The
 * first of all when none can, so that the checks tell why.
 */
async function firstReachable(
  addresses: readonly string[],
  port: number,
): Promise<string | undefined> {
  const sorted = addresses.toSorted((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
  if (sorted.length > 1 && port !== 0) {
    for (const address of sorted) if (await canConnect(address, port)) return address;
  }
  return sorted[0];
}

function isLanding({ status }: Answer): boolean {
  return status === 200;
}

function directPaths(settings: Settings): Path[] {
  const { baseDomain } = settings;
  const isProxy = proxyMatcher(settings.proxyProtocolFrom);
  const at = (
    name: "hub" | "control" | "pages",
    path: Omit<Path, "host" | "port" | "fix" | "closedFix">,
  ) => ({
    ...path,
    host: reachable(settings[`${name}Host`]),
    proxied: name !== "pages" && isProxy(reachable(settings[`${name}Host`])),
    port: settings[`${name}Port`],
    fix:
      `the relay's ${name} is not what answers: GLOSSOND_${name.toUpperCase()}_HOST and _PORT have to be those it was started with`,
    closedFix:
      `the relay was started with another GLOSSOND_${name.toUpperCase()}_HOST or _PORT: restart it, or run this with its settings`,
  });
  return [
    at("hub", { check: "hub", serverName: baseDomain, expect: isLanding }),
    at("pages", { check: "pages", serverName: baseDomain, expect: isLanding }),
    at("control", {
      check: "control",
      serverName: hostOfRelay(baseDomain),
      path: "/v1/relay",
      expect: (answer) => isApi(answer, baseDomain),
    }),
  ].filter(({ port }) => port !== 0);
}

function publicPaths(settings: Settings, host: string, port: number): Path[] {
  const { baseDomain } = settings;
  const where = withPort(host, port);
  const fix = (name: string, backend: string): string =>
    `${where} must lead ${name} to ${backend}: compare HAProxy's use_backend lines with examples/haproxy.cfg, socks4 and send-proxy-v2 with GLOSSOND_PROXY_PROTOCOL_FROM`;
  const unreached = {
    closedFix:
      `nothing listens at ${where}: start HAProxy (systemctl status haproxy), or without it set GLOSSOND_HUB_HOST and _PORT to it`,
    silentFix: `let the firewall of this machine, and of its provider, pass TCP to ${where}`,
  };
  const random = `doctor.${baseDomain}`;
  return [
    {
      check: "front to the landing page",
      host,
      port,
      serverName: baseDomain,
      fix: fix(baseDomain, "the hub"),
      ...unreached,
      expect: isLanding,
    },
    {
      check: "front to users' pages",
      host,
      port,
      serverName: random,
      fix: fix(`*.${baseDomain}`, "the hub"),
      ...unreached,
      // Nobody has that name, or somebody does and is away.
      expect: ({ status }) => [404, 503].includes(status),
    },
    {
      check: "front to the API",
      host,
      port,
      serverName: hostOfRelay(baseDomain),
      path: "/v1/relay",
      fix: fix(hostOfRelay(baseDomain), "the control port (or the hub)"),
      ...unreached,
      expect: (answer) => isApi(answer, baseDomain),
    },
  ];
}

async function check(path: Path, { certificate }: PathOptions): Promise<Finding> {
  const where = `${withPort(path.host, path.port)} for ${path.serverName}`;
  try {
    const answer = await exchange(path);
    const own = certificate === undefined ||
      answer.fingerprint === fingerprintOf(new X509Certificate(certificate).raw);
    if (!own) return fault(path.check, `${where} shows another certificate`, path.fix);
    if (path.expect(answer)) return ok(path.check, `${where} answers`);
    return fault(path.check, `${where} answers ${answer.status}, not the relay's page`, path.fix);
  } catch (error) {
    const fixes = {
      closed: path.closedFix,
      silent: path.silentFix ?? path.fix,
      other: path.fix,
    };
    return fault(path.check, `${where}: ${(error as Error).message}`, fixes[failureOf(error)]);
  }
}

/** What a failure to connect tells: nothing listens there, nothing comes back, or something else. */
function failureOf(error: unknown): "closed" | "silent" | "other" {
  const { name, message } = error as Error;
  if (/refused/i.test(message)) return "closed";
  if (name === "TimeoutError" || /timed out|in time|unreachable|no route/i.test(message)) {
    return "silent";
  }
  return "other";
}

/** A ticket that nobody has been given must be refused, in the relay's words. */
async function checkData(settings: Settings): Promise<Finding> {
  const host = settings.publicDataHost ?? hostOfRelay(settings.baseDomain);
  const port = settings.publicDataPort ?? settings.dataPort;
  const name = "data port";
  if (port === 0) return skipped(name, "takes a free port at each start");
  try {
    if (await isDataPort(host, port)) return ok(name, `${withPort(host, port)} answers`);
    return fault(
      name,
      `${withPort(host, port)} is not the relay's data port`,
      "set GLOSSOND_PUBLIC_DATA_HOST and _PORT to where clients reach GLOSSOND_DATA_PORT",
    );
  } catch (error) {
    const there = withPort(host, port);
    const fixes = {
      closed:
        `nothing listens at ${there}: GLOSSOND_DATA_HOST has to be an address that it leads to (:: is every one), GLOSSOND_DATA_PORT its port`,
      silent:
        `open TCP port ${port} in the firewall; clients connect to it directly, not through HAProxy`,
      other:
        "set GLOSSOND_PUBLIC_DATA_HOST and _PORT to where clients reach GLOSSOND_DATA_PORT, directly, not through HAProxy",
    };
    return fault(name, `${there}: ${(error as Error).message}`, fixes[failureOf(error)]);
  }
}

async function checkRedirect(settings: Settings, address: string | undefined): Promise<Finding> {
  const name = "redirect from http";
  const port = settings.httpPort ?? 80;
  if (address === undefined || port === 0) return skipped(name, "its address is not known");
  const host = settings.baseDomain;
  const fix =
    "send port 80 to Apache with examples/apache-vhost.conf, or set GLOSSOND_HTTP_PORT=80";
  try {
    const answer = await plainExchange(
      address,
      port,
      `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    if (/^HTTP\/1\.1 30[18] [^]*\nlocation: *https:/i.test(answer)) {
      return ok(name, `http://${host}/ leads to https`);
    }
    return warning(name, `http://${host}/ does not lead to https`, fix);
  } catch (error) {
    return warning(name, `http://${host}/: ${(error as Error).message}`, fix);
  }
}

/** An address to connect to, for one that is listened on; `::` is every one, also where there is no IPv6. */
function reachable(host: string): string {
  return ["0.0.0.0", "::"].includes(host) ? "127.0.0.1" : host;
}
