import { withPort } from "./ip_address.ts";

/** One of the servers that may have a PostgreSQL database. */
export interface PostgresServer {
  /** A name, an IP address, or the folder of the server's Unix socket. */
  host: string;
  /** Also where it is a Unix socket: a part of that one's name. */
  port: number;
  /** Whether the connection is encrypted and the server's certificate and name are verified. */
  tls: boolean;
}

/** Where a PostgreSQL database is, and as whom it is asked. */
export interface PostgresAddress {
  /** One, or a primary and its standbys in any order. */
  servers: readonly [PostgresServer, ...PostgresServer[]];
  /** The role. */
  user: string;
  /** Absent where the server asks for none. */
  password?: string;
  /** Name of the database. */
  database: string;
}

/** Hosts that no cable leads to: what passes there needs no TLS. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** How it is written, as the end of a sentence. */
const FORM =
  "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, where HOST may be the folder of a Unix socket, as %2Frun%2Fpostgresql";

/** Scheme and user, hosts, and what follows: the hosts begin behind the last @ before a slash. */
const PARTS = /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/is;

/**
 * Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; several `HOST:PORT` stand with commas between them,
 * as for PostgreSQL's own programs.
 *
 * Behind it can be `?sslmode=verify-full` or `?sslmode=disable`; without, TLS is off on a loopback
 * address alone. `target_session_attrs=read-write` is what holds for several hosts anyway. A HOST that
 * begins with `%2F` is the folder of a Unix socket.
 *
 * @throws {TypeError} whose message completes the sentence "GLOSSOND_DATABASE_URL …", and never has any
 * of the URL in it.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  const [, start = "", hosts = "", rest = ""] = PARTS.exec(text.trim()) ?? [];
  // Hosts with ports of their own are no URL: each is read as the only one.
  const [url, ...others] = hosts.split(",").map((host) => readUrl(start + host + rest));
  const { sslmode, target_session_attrs: wanted, ...unknown } = Object.fromEntries(
    url!.searchParams,
  );
  if (Object.keys(unknown).length > 0) {
    throw new TypeError(
      `has an option that is not known; there are sslmode and target_session_attrs, and ${FORM}`,
    );
  }
  if (wanted !== undefined && wanted !== "read-write") {
    throw new TypeError("has target_session_attrs that are not read-write; leave them out");
  }
  const user = decodeURIComponent(url!.username);
  const database = decodeURIComponent(url!.pathname.slice(1));
  const first = serverOf(url!, sslmode);
  const servers = [first, ...others.map((other) => serverOf(other, sslmode))] as const;
  if (user === "" || database === "" || servers.some(({ host }) => host === "")) {
    throw new TypeError(`lacks a user, a host or a database; ${FORM}`);
  }
  const password = decodeURIComponent(url!.password);
  return { servers: [...servers], user, ...(password !== "" && { password }), database };
}

/** As whom and where, without the password. */
export function showPostgres({ servers, user, database }: PostgresAddress): string {
  return `${database} as ${user} at ${servers.map(showServer).join(" or ")}`;
}

/** Where one is. */
export function showServer({ host, port }: PostgresServer): string {
  return host.startsWith("/") ? `${host}, port ${port}` : withPort(host, port);
}

function serverOf(url: URL, sslmode: string | undefined): PostgresServer {
  const host = decodeURIComponent(url.hostname.replace(/^\[|\]$/g, ""));
  const port = url.port === "" ? 5432 : Number(url.port);
  return { host, port, tls: wantsTls(host, sslmode) };
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  const isOne = url !== null && /^postgres(?:ql)?:$/.test(url.protocol) && text.includes("//");
  if (isOne && url.hash === "" && url.port !== "0" && isDecodable(url.href)) return url;
  // What the parser may not have liked is a password that is not encoded.
  throw new TypeError(
    `is no URL of a PostgreSQL database; ${FORM}, what is special in a password as %XX`,
  );
}

function wantsTls(host: string, mode: string | undefined): boolean {
  if (host.startsWith("/")) return false;
  switch (mode) {
    case undefined:
      return !LOOPBACK.test(host);
    case "verify-full":
      return true;
    case "disable":
      return false;
    default:
      throw new TypeError(
        "has an sslmode that does not verify the server; leave it out, or write verify-full or disable",
      );
  }
}

/** Nothing in it is a control character, which would end a word of the server's protocol. */
function isDecodable(text: string): boolean {
  try {
    // deno-lint-ignore no-control-regex
    return !/[\x00-\x1f\x7f]/.test(decodeURIComponent(text));
  } catch {
    return false;
  }
}
