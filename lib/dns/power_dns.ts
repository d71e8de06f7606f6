import type { z } from "zod";
import { headerSecret } from "../wire/secret.ts";
import { boundedText } from "../net/bounded_text.ts";
import { networkCause } from "../net/network_cause.ts";
import { apiConfig, apiMetadata, apiZone, apiZones, fromApi, toApi } from "./power_dns_api.ts";
import {
  type DnsProvider,
  type DnsZone,
  NoZoneError,
  plainName,
  type RecordSet,
} from "./provider.ts";
import { failure, tryAgain, type TryAgainOptions } from "./try_again.ts";

/** How long one request may take; SQLite backends wait seconds for their lock. */
const REQUEST_TIMEOUT_MS = 15_000;

/** How large an answer may be: all of a zone, from versions before 4.7. */
const MAX_ANSWER_BYTES = 64 << 20;

/** Longest text of the server's that errors quote, characters. */
const MAX_QUOTED = 500;

/** What helps where its certificate is of an authority of the operator's own. */
export const TRUST_FIX =
  "have this machine trust that (update-ca-certificates), and set DENO_TLS_CA_STORE=system in the relay's environment";

/** A zone that the server holds. */
export interface PdnsZone extends DnsZone {
  /** Opaque, for URLs. */
  id: string;
  /** `Native`, `Master`, `Primary`, … as the server's version calls it. */
  kind: string;
}

/** Options for {@linkcode createPowerDns}. */
export interface PowerDnsOptions extends TryAgainOptions {
  /** Where the web server of PowerDNS is, without `/api/v1`. */
  apiUrl: string;
  /** A function is asked before each request, so that a new key can be put to use. */
  apiKey: string | (() => string);
  /** @default {"localhost"} */
  serverId?: string;
}

/** A PowerDNS server, by its HTTP API (v1). */
export interface PowerDns extends DnsProvider {
  findZone(name: string): Promise<PdnsZone>;
  /**
   * Whether a zone is signed, and whether the server then puts its records in order (which denials of
   * existence are made from) after each change by the API.
   */
  signing(zone: PdnsZone): Promise<{ signed: boolean; rectified: boolean }>;
}

/**
 * Makes a client of one PowerDNS server.
 *
 * Requests that fail for a passing reason (a locked backend, 5xx, a broken connection) are tried
 * again for a minute. Errors name the cause and the fix in one sentence.
 */
// deno-lint-ignore lengths/function -- short functions that share the API's address and key
export function createPowerDns(options: PowerDnsOptions): PowerDns {
  const { apiUrl, apiKey, serverId = "localhost" } = options;
  const base = `${apiUrl.replace(/\/+$/, "")}/api/v1/servers/${encodeURIComponent(serverId)}`;

  function request(method: string, path: string, body?: unknown): Promise<unknown> {
    return tryAgain(() => requestOnce(method, path, body), options);
  }

  /** What is at a path, read by its schema. */
  async function get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const { success, data } = schema.safeParse(await request("GET", path));
    if (success) return data;
    throw new Error(`${apiUrl} does not answer like PowerDNS: check GLOSSOND_PDNS_API_URL`);
  }

  async function requestOnce(method: string, path: string, body: unknown): Promise<unknown> {
    let status: number;
    let text: string;
    const key = headerSecret(
      "POWERDNS_API_KEY",
      typeof apiKey === "string" ? apiKey : apiKey(),
    );
    try {
      const answer = await fetch(base + path, {
        method,
        headers: { "X-API-Key": key, "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        redirect: "manual",
      });
      status = answer.status;
      text = await boundedText(answer, MAX_ANSWER_BYTES);
    } catch (cause) {
      if (cause instanceof RangeError) {
        throw new Error(
          `The answer of ${apiUrl} ${cause.message}: give the relay's domain a zone of its own, and check GLOSSOND_PDNS_API_URL`,
          { cause },
        );
      }
      const { why, untrusted, ...kind } = networkCause(cause);
      const fix = untrusted ? `; ${TRUST_FIX}` : "";
      const message =
        `Cannot reach the PowerDNS API at ${apiUrl}: ${why}${fix} (GLOSSOND_PDNS_API_URL; \`webserver\` and \`api\` in pdns.conf)`;
      throw failure(message, { ...kind, cause });
    }
    if (status >= 200 && status < 300) {
      if (text === "") return {};
      const value = parseJson(text);
      if (value !== undefined) return value;
    }
    throw failure(explain(status, text), { passing: status >= 500 });
  }

  function explain(status: number, text: string): string {
    const { error } = (parseJson(text) ?? {}) as { error?: unknown };
    const said = typeof error === "string" ? error.slice(0, MAX_QUOTED) : "";
    switch (status) {
      case 401:
      case 403:
        return `PowerDNS at ${apiUrl} refuses the API key: set POWERDNS_API_KEY to the \`api-key\` of its pdns.conf`;
      case 404:
        return `PowerDNS at ${apiUrl} has no server "${serverId}" or no such zone: check GLOSSOND_PDNS_SERVER_ID and GLOSSOND_PDNS_API_URL`;
      case 422:
      case 400:
      case 409:
        return `PowerDNS at ${apiUrl} refuses the change: ${said || `status ${status}`}; ${
          /pre-existing/.test(said)
            ? "remove the CNAME record that stands at that name"
            : "look at the zone there, and check that this server is its primary"
        }`;
    }
    if (status < 400) {
      return `${apiUrl} does not answer like PowerDNS (status ${status}): check GLOSSOND_PDNS_API_URL`;
    }
    return `PowerDNS at ${apiUrl} fails with status ${status}${
      said && `: ${said}`
    }; look at its log and its backend`;
  }

  async function findZone(name: string): Promise<PdnsZone> {
    const labels = name.split(".");
    for (let i = 0; i < labels.length; i++) {
      const candidate = labels.slice(i).join(".");
      const query = `/zones?dnssec=false&zone=${encodeURIComponent(`${candidate}.`)}`;
      const zones = await get(query, apiZones);
      const zone = zones.find((each) => plainName(each.name) === candidate);
      if (zone !== undefined) {
        checkPrimary(zone);
        return { name: candidate, serial: zone.serial, id: zone.id, kind: zone.kind };
      }
    }
    throw new NoZoneError(
      `PowerDNS at ${apiUrl} holds no zone for ${name}: create one there (e.g. \`pdnsutil create-zone ${
        labels.slice(-2).join(".")
      }\`), or set GLOSSOND_PDNS_API_URL to the server that holds it`,
    );
  }

  /** It takes changes of a zone that it copies from another server, and loses them with the next copy. */
  function checkPrimary({ name, kind }: { name: string; kind: string }): void {
    if (!/^(slave|secondary|consumer)$/i.test(kind)) return;
    throw new Error(
      `PowerDNS at ${apiUrl} is a secondary of zone ${
        plainName(name)
      } (kind ${kind}), where changes are lost: set GLOSSOND_PDNS_API_URL to the server that is its primary`,
    );
  }

  async function readSets(zone: PdnsZone, query: string): Promise<RecordSet[]> {
    const { rrsets } = await get(`/zones/${encodeURIComponent(zone.id)}${query}`, apiZone);
    return rrsets.map(fromApi);
  }

  async function readName(zone: PdnsZone, name: string, more = ""): Promise<RecordSet[]> {
    // Versions before 4.7 do not know the filter and send the whole zone.
    const sets = await readSets(zone, `?rrset_name=${encodeURIComponent(name + ".")}${more}`);
    return sets.filter((set) => set.name === name);
  }

  async function read(zone: PdnsZone, name: string, type: string): Promise<RecordSet> {
    const sets = await readName(zone, name, `&rrset_type=${type}`);
    return sets.find((set) => set.type === type) ?? { name, type, ttl: 0, values: [] };
  }

  async function replace(zone: PdnsZone, sets: readonly RecordSet[]): Promise<void> {
    // One request is one transaction of the backend.
    await request("PATCH", `/zones/${encodeURIComponent(zone.id)}`, { rrsets: sets.map(toApi) });
  }

  async function signing(zone: PdnsZone): Promise<{ signed: boolean; rectified: boolean }> {
    const path = `/zones/${encodeURIComponent(zone.id)}`;
    const { dnssec, api_rectify: rectified } = await get(`${path}?rrsets=false`, apiZone);
    if (!dnssec || rectified) return { signed: dnssec, rectified };
    const config = await get("/config", apiConfig);
    const setting = config.find(({ name }) => name === "default-api-rectify");
    const { metadata } = await get(`${path}/metadata/API-RECTIFY`, apiMetadata);
    return { signed: true, rectified: setting?.value !== "no" && metadata[0] !== "0" };
  }

  async function notify(zone: PdnsZone): Promise<void> {
    if (!/^(master|primary)$/i.test(zone.kind)) return;
    await request("PUT", `/zones/${encodeURIComponent(zone.id)}/notify`);
  }

  /** Its packet cache has the whole answer, and a change empties it for names of the same zone alone. */
  async function forget(name: string): Promise<void> {
    await request("PUT", `/cache/flush?domain=${encodeURIComponent(`${name}.`)}`);
  }

  return {
    label: "PowerDNS",
    findZone,
    read,
    readName: (zone: PdnsZone, name: string) => readName(zone, name),
    readZone: (zone: PdnsZone) => readSets(zone, ""),
    replace,
    signing,
    notify,
    forget,
    serialFix: (zone) => `\`pdnsutil set-meta ${zone} SOA-EDIT-API DEFAULT\``,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
