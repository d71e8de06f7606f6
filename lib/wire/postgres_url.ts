/** Where a PostgreSQL database is, and as whom it is asked. */
export interface PostgresAddress {
  /** A name, an IP address, or the folder of the server's Unix socket. */
  host: string;
  /** Also where it is a Unix socket: a part of that one's name. */
  port: number;
  /** The role. */
  user: string;
  /** Absent where the server asks for none. */
  password?: string;
  /** Name of the database. */
  database: string;
  /** Whether the connection is encrypted and the server's certificate and name are verified. */
  tls: boolean;
}

/** Hosts that no cable leads to: what passes there needs no TLS. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** How it is written, as the end of a sentence. */
const FORM =
  "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, where HOST may be the folder of a Unix socket, as %2Frun%2Fpostgresql";

/**
 * Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
 *
 * Behind it can be `?sslmode=verify-full` or `?sslmode=disable`; without, TLS is off on a loopback
 * address alone. A HOST that begins with `%2F` is the folder of a Unix socket, as for PostgreSQL's own
 * programs.
 *
 * @throws {TypeError} whose message completes the sentence "GLOSSOND_DATABASE_URL …", and never has any
 * of the URL in it.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  const url = readUrl(text.trim());
  const { sslmode, ...others } = Object.fromEntries(url.searchParams);
  if (Object.keys(others).length > 0) {
    throw new TypeError(`has an option that is not known; the only one is sslmode, and ${FORM}`);
  }
  const host = decodeURIComponent(url.hostname.replace(/^\[|\]$/g, ""));
  const port = url.port === "" ? 5432 : Number(url.port);
  const user = decodeURIComponent(url.username);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (host === "" || user === "" || database === "") {
    throw new TypeError(`lacks a user, a host or a database; ${FORM}`);
  }
  const password = decodeURIComponent(url.password);
  const tls = wantsTls(host, sslmode);
  return { host, port, user, ...(password !== "" && { password }), database, tls };
}

/** As whom and where, without the password. */
export function showPostgres({ host, port, user, database }: PostgresAddress): string {
  const where = host.startsWith("/") ? `${host}, port ${port}` : `${host}:${port}`;
  return `${database} as ${user} at ${where}`;
}

function readUrl(text: string): URL {
  const [authority = ""] = /(?<=:\/\/)[^/?#]*/.exec(text) ?? [];
  if (authority.slice(authority.lastIndexOf("@") + 1).includes(",")) {
    throw new TypeError("names several hosts; write the one whose server takes changes");
  }
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
