import { must } from "../../../scripts/run.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import { freeDnsPort, startProcess } from "./servers.ts";

/** A resolver, as those that certificate authorities ask by. */
export interface Resolver extends AsyncDisposable {
  /** The values that it answers with, sorted; none where the name has none of that type. */
  ask(name: string, type: string): Promise<string[]>;
}

/**
 * Starts bind9 on loopback as a resolver that finds one zone at a server's port, and remembers what it was answered
 * for a second at most.
 */
export async function startResolver(zone: string, dnsPort: number): Promise<Resolver> {
  const folder = temporaryFolder();
  const port = freeDnsPort();
  await Deno.writeTextFile(
    `${folder.path}/named.conf`,
    `options {
  directory "${folder.path}"; pid-file none; session-keyfile none;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion yes; allow-query { 127.0.0.1; }; dnssec-validation no;
  max-cache-ttl 0; max-ncache-ttl 0;
};
controls { };
zone "${zone}" { type forward; forward only; forwarders { 127.0.0.1 port ${dnsPort}; }; };
`,
  );
  const dig = (...args: string[]): Promise<string> =>
    must("dig", ["@127.0.0.1", "-p", String(port), ...args]);
  const server = await startProcess(
    "named",
    ["-g", "-c", `${folder.path}/named.conf`],
    {},
    () => dig("+time=1", "+tries=1", zone, "SOA"),
    () => folder[Symbol.asyncDispose](),
  );
  return {
    ask: async (name, type) => (await dig("+short", name, type)).split("\n").filter(Boolean).sort(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
