import type { ParseArgsOptionsConfig } from "node:util";
import { MAX_POOL_SIZE } from "../../lib/wire/messages.ts";
import { type Transport, TRANSPORTS } from "./data_line.ts";
import { ALSO, alsoOf } from "./also.ts";
import { COMMON, count, parseOptions, UsageError } from "./command_line.ts";
import { VISITOR_SILENCE_MS } from "./front/limits.ts";
import { APP_SILENCE_MS } from "./proxy/pass.ts";
import { parseUpstream, type Upstream } from "./proxy/upstream.ts";
import { serviceUrl } from "./watch_ct_arguments.ts";
import { parseResolver, type Resolver } from "./watch/addresses.ts";

/** Options of `glosson run`. */
export interface RunOptions {
  /** Web app that visitors are passed to. */
  upstream?: Upstream;
  /** File with authorities to trust for the app, PEM. */
  upstreamCa?: string;
  /** Takes any certificate of the app. */
  insecureUpstream: boolean;
  /** What the app gets as `Host`: "visitor" for what the visitor sent, "app" for its own, or a name. */
  appHost: string;
  /** How long the app may be silent before its answer, milliseconds. */
  appSilenceMs: number;
  /** How long a visitor may be silent within and between requests, milliseconds. */
  visitorSilenceMs: number;
  /** Folder to serve. */
  dir?: string;
  /** TLS server of the user's own that gets visitors' connections as they are. */
  tlsUpstream?: Upstream;
  /** Whether it gets the PROXY protocol header before them. */
  proxyProtocol: boolean;
  /** What carries visitors' connections from the relay; absent where what works is found out. */
  transport?: Transport;
  /** Labels of names below the page's own, from now on; absent where they stay as they are. */
  also?: string[];
  /** Connections to keep parked at the relay. */
  pool: number;
  /** Most visitors at once. */
  maxVisitors: number;
  /** Whether to look at the own page from outside. */
  watch: boolean;
  /** Who is asked for its addresses besides the system. */
  watchResolvers: Resolver[];
  /** Who is asked for certificates in the public logs; absent where nobody is. */
  watchCt?: URL;
  verbose: boolean;
  /** File to append the log to, in the place of the standard error. */
  logFile?: string;
  /** State folder, when not the default one. */
  state?: string;
}

/** Most connections kept parked unless `--pool` says otherwise. */
export const DEFAULT_POOL = 16;

/** Visitors at once unless `--max-visitors` says otherwise. */
export const DEFAULT_MAX_VISITORS = 256;

/** Who is asked for the page's addresses unless `--watch-resolvers` says otherwise: Quad9 and Cloudflare. */
export const DEFAULT_WATCH_RESOLVERS = "9.9.9.9,1.1.1.1";

/** Most that `--max-visitors` takes; each costs five file descriptors, two to the app among them. */
const MAX_MAX_VISITORS = 4096;

/** Most seconds of silence that an option takes: a day. */
const MAX_SECONDS = 86_400;

/** Options that say what visitors get, of which there is one at most. */
const ONE_OF = ["upstream", "dir", "tls-upstream"] as const;

/** Where a TLS server listens: not a URL, since what visitors send is passed to it as it is. */
const TLS_SERVER = /^(\d+|[^/]+:\d+|unix:.+)$/;

/** Options of `run` that say nothing without `--upstream`. */
const OF_UPSTREAM = ["upstream-ca", "insecure-upstream", "app-host", "app-silence"] as const;

/** Options of `run`, for `parseArgs`. */
export const RUN_OPTIONS = {
  ...COMMON,
  ...ALSO,
  "no-also": { type: "boolean" },
  upstream: { type: "string" },
  "upstream-ca": { type: "string" },
  "insecure-upstream": { type: "boolean" },
  "app-host": { type: "string" },
  "app-silence": { type: "string" },
  "visitor-silence": { type: "string" },
  dir: { type: "string" },
  "tls-upstream": { type: "string" },
  "proxy-protocol": { type: "boolean" },
  "data-over": { type: "string" },
  pool: { type: "string" },
  "max-visitors": { type: "string" },
  "no-watch": { type: "boolean" },
  "watch-resolvers": { type: "string" },
  "watch-ct": { type: "string" },
  verbose: { type: "boolean", short: "v" },
  "log-file": { type: "string" },
} satisfies ParseArgsOptionsConfig;

/**
 * Reads what stands behind `run`; undefined where help is asked for.
 *
 * @throws {UsageError} if it does not say one thing that can be done.
 */
export function parseRun(args: string[]): RunOptions | undefined {
  const { values } = parseOptions(args, RUN_OPTIONS, 0);
  if (values.help) return undefined;
  const ends = ONE_OF.filter((option) => values[option] !== undefined);
  if (ends.length > 1) {
    throw new UsageError(`--${ends[0]} and --${ends[1]} exclude each other`);
  }
  const upstream = upstreamOf("--upstream", values.upstream);
  const tlsUpstream = upstreamOf("--tls-upstream", values["tls-upstream"]);
  if (tlsUpstream !== undefined && !TLS_SERVER.test(values["tls-upstream"]!)) {
    throw new UsageError("--tls-upstream is HOST:PORT or unix:PATH, and nothing else");
  }
  if (values["proxy-protocol"] && tlsUpstream === undefined) {
    throw new UsageError(
      "--proxy-protocol is about the server of --tls-upstream, and there is none",
    );
  }
  for (const option of OF_UPSTREAM) {
    if (values[option] !== undefined && upstream === undefined) {
      throw new UsageError(`--${option} is about the app of --upstream, and there is none`);
    }
  }
  if (values["visitor-silence"] !== undefined && tlsUpstream !== undefined) {
    throw new UsageError("--visitor-silence is for your server to say with --tls-upstream");
  }
  if (values["app-host"] !== undefined && !/^[a-z\d.:[\]-]+$/i.test(values["app-host"])) {
    throw new UsageError(`--app-host is visitor, app or a host name, not "${values["app-host"]}"`);
  }
  if (values.also !== undefined && values["no-also"]) {
    throw new UsageError("--also and --no-also exclude each other");
  }
  return {
    also: values["no-also"] ? [] : alsoOf(values.also),
    upstream,
    upstreamCa: values["upstream-ca"],
    insecureUpstream: values["insecure-upstream"] ?? false,
    appHost: values["app-host"] ?? "visitor",
    appSilenceMs: seconds("--app-silence", values["app-silence"], APP_SILENCE_MS),
    visitorSilenceMs: seconds(
      "--visitor-silence",
      values["visitor-silence"],
      VISITOR_SILENCE_MS,
    ),
    dir: values.dir,
    tlsUpstream,
    proxyProtocol: values["proxy-protocol"] ?? false,
    transport: transportOf(values["data-over"]),
    pool: count("--pool", values.pool, DEFAULT_POOL, 0, MAX_POOL_SIZE),
    maxVisitors: count(
      "--max-visitors",
      values["max-visitors"],
      DEFAULT_MAX_VISITORS,
      1,
      MAX_MAX_VISITORS,
    ),
    watch: !values["no-watch"],
    watchResolvers: resolversOf(values["watch-resolvers"]),
    watchCt: values["watch-ct"] === undefined
      ? undefined
      : serviceUrl("--watch-ct", values["watch-ct"]),
    verbose: values.verbose ?? false,
    logFile: values["log-file"],
    state: values.state,
  };
}

function upstreamOf(option: string, text: string | undefined): Upstream | undefined {
  try {
    return text === undefined ? undefined : parseUpstream(text);
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
}

/** Addresses of resolvers, with commas in between; none for an empty text. */
function resolversOf(text = DEFAULT_WATCH_RESOLVERS): Resolver[] {
  return text.split(",").filter((one) => one !== "").map((one) => {
    const resolver = parseResolver(one);
    if (resolver === undefined) {
      throw new UsageError(`--watch-resolvers: "${one}" is no IP address, maybe with :PORT`);
    }
    return resolver;
  });
}

function transportOf(text = "auto"): Transport | undefined {
  const words = ["auto", ...TRANSPORTS];
  if (!words.includes(text)) throw new UsageError(`--data-over is ${words.join(", ")}`);
  return TRANSPORTS.find((transport) => transport === text);
}

/** A number of seconds, in milliseconds. */
function seconds(option: string, text: string | undefined, fallbackMs: number): number {
  return count(option, text, fallbackMs / 1000, 1, MAX_SECONDS) * 1000;
}
