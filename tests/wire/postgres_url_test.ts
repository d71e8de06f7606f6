import assert from "node:assert/strict";
import { parsePostgresUrl, showPostgres } from "../../lib/wire/postgres_url.ts";

Deno.test("parsePostgresUrl() reads where, as whom and whether by TLS", () => {
  const as = { user: "glossond", database: "relay" };
  assert.deepEqual(parsePostgresUrl(" postgres://glossond:p%40ss@db.example.org/relay "), {
    ...{ ...as, password: "p@ss", servers: [{ host: "db.example.org", port: 5432, tls: true }] },
  });
  assert.deepEqual(
    parsePostgresUrl("postgresql://glossond@[::1]:6000/relay?sslmode=verify-full"),
    { ...as, servers: [{ host: "::1", port: 6000, tls: true }] },
  );
  assert.equal(parsePostgresUrl("Postgres://u@h/d").user, "u", "of a scheme the case is nothing");
  assert.deepEqual(parsePostgresUrl("postgres://glossond@%2Frun%2Fpostgresql/relay"), {
    ...{ ...as, servers: [{ host: "/run/postgresql", port: 5432, tls: false }] },
  });
});

Deno.test("parsePostgresUrl() reads several servers, as PostgreSQL's own programs do", () => {
  const several =
    "postgres://u:p%2C@db-1.example.org,[fd00::2]:6000,127.0.0.1/d?target_session_attrs=read-write";
  assert.deepEqual(parsePostgresUrl(several), {
    servers: [
      { host: "db-1.example.org", port: 5432, tls: true },
      { host: "fd00::2", port: 6000, tls: true },
      { host: "127.0.0.1", port: 5432, tls: false },
    ],
    ...{ user: "u", password: "p,", database: "d" },
  });
  assert.equal(
    showPostgres(parsePostgresUrl("postgres://u:s3cret@one:6000,two/d")),
    "d as u at one:6000 or two:5432",
  );
});

Deno.test("parsePostgresUrl() takes a comma of a password for no second host", () => {
  assert.equal(parsePostgresUrl("postgres://u:a,b@h/d").password, "a,b");
});

Deno.test("parsePostgresUrl() asks for TLS wherever a cable may be between", () => {
  const tls = (host: string, options = "") =>
    parsePostgresUrl(`postgres://u@${host}/d${options}`).servers[0].tls;
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) assert.equal(tls(host), false, host);
  for (const host of ["10.0.0.1", "localhost.example.org", "127.0.0.1.nip.io", "128.0.0.1"]) {
    assert.equal(tls(host), true, host);
  }
  assert.equal(tls("10.0.0.1", "?sslmode=disable"), false);
});

Deno.test("parsePostgresUrl() tells what is wrong, and nothing of the URL", () => {
  const faults: Record<string, RegExp> = {
    "postgres://u:s3cret@h/d?sslmode=require": /sslmode that does not verify the server/,
    "postgres://u:s3cret@h/d?sslmode=verify-full&s3cret=1": /an option that is not known/,
    "postgres://u:s3cret@h": /lacks a user, a host or a database/,
    "postgres://u:s3cret@h/d?target_session_attrs=any": /target_session_attrs that are not read-wr/,
    "postgres://u:s3cret@h,,i/d": /lacks a user, a host|is no URL/,
    "postgres://u:s3cret@h,i:s3cret/d": /is no URL/,
    "postgres://h/s3cret": /lacks a user/,
    "mysql://u:s3cret@h/d": /is no URL of a PostgreSQL database/,
    "postgres://u:s3cret/x#@h/d": /as %XX/,
    "postgres://u:s3cret%zz@h/d": /as %XX/,
    "s3cret": /is no URL/,
    "postgres:///d?host=/run/s3cret": /option that is not known.*%2Frun%2Fpostgresql/,
    "postgres://u@/d?host=/run/s3cret": /is no URL.*%2Frun%2Fpostgresql/,
    "postgres://u:p@h:0/d": /is no URL/,
    "postgres://u:p@h/d#s3cret": /as %XX/,
    "postgres://u:s3cret%00@h/d": /as %XX/,
    "postgres://u:p@h/d%00s3cret": /as %XX/,
  };
  for (const [url, why] of Object.entries(faults)) {
    assert.throws(() => parsePostgresUrl(url), (error: Error) => {
      assert.match(error.message, why, url);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  }
});

Deno.test("showPostgres() puts an IPv6 address in brackets", () => {
  assert.equal(
    showPostgres(parsePostgresUrl("postgres://u@[2001:db8::1]/d")),
    "d as u at [2001:db8::1]:5432",
  );
});

Deno.test("showPostgres() leaves the password out", () => {
  const shown = showPostgres(parsePostgresUrl("postgres://glossond:s3cret@db:6000/relay"));
  assert.equal(shown, "relay as glossond at db:6000");
});
