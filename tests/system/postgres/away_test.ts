import assert from "node:assert/strict";
import { Gate } from "../faults/gate.ts";
import { must } from "../../../scripts/run.ts";
import { BASE, startRelay } from "../../stories/relay.ts";
import {
  apiOf,
  connectControl,
  serveUser,
  signingRequest,
  signUp,
  visit,
} from "../../stories/user.ts";
import { until } from "../../certificate/helpers.ts";
import { glossondCommand } from "../../stories/admin_command.ts";
import { parsePostgresUrl } from "../../../lib/wire/postgres_url.ts";
import { freeze, thaw } from "./processes.ts";
import { lockTables } from "./faults.ts";
import { PostgresServer } from "./server.ts";

/** Another address of this machine, for what stands between the relay and its database. */
const BETWEEN = "127.0.0.79";

/** How the database may be away, and how that ends. */
interface Row {
  begin(server: PostgresServer, gate: Gate, disk: string): Promise<unknown> | void;
  end(server: PostgresServer, gate: Gate, disk: string): Promise<unknown> | void;
  /** Whether it can be asked meanwhile. @default {false} */
  canBeRead?: boolean;
}

async function readOnly(server: PostgresServer, value: "on" | "off"): Promise<void> {
  await server.psql(
    `ALTER DATABASE test1 SET default_transaction_read_only = ${value}`,
    "postgres",
  );
  await server.endConnections("test1");
}

async function connectionLimit(server: PostgresServer, limit: number): Promise<void> {
  await server.psql(`ALTER ROLE glossond CONNECTION LIMIT ${limit}`, "postgres");
  await server.endConnections("test1");
}

/** What another program holds. */
let locks: AsyncDisposable | undefined;

/** The file that takes what is free on the disk of the database. */
function filler(disk: string): string {
  return `${disk}/filler`;
}

/**
 * Fills the disk, and has PostgreSQL want more of it for its log until it gives up: as long as
 * its log has room, a full disk refuses new tables and new connections only.
 */
async function fillDisk(server: PostgresServer, disk: string): Promise<void> {
  for (let tries = 0; await server.isThere(); tries++) {
    if (tries > 200) throw new Error("PostgreSQL lives on without a disk");
    await server.psql(
      // By one connection, which is there before.
      [
        `\\! dd if=/dev/zero of=${filler(disk)} bs=64k oflag=append conv=notrunc`,
        "SELECT pg_logical_emit_message(true, 'test', 'more')",
        "SELECT pg_switch_wal()",
      ],
      "postgres",
    ).catch(() => {});
  }
}

const ROWS: Record<string, Row> = {
  "stopped": {
    begin: (server) => server.stop(),
    end: (server) => server.resume(),
  },
  "read-only, as a standby is": {
    begin: (server) => readOnly(server, "on"),
    end: (server) => readOnly(server, "off"),
    canBeRead: true,
  },
  "no way to it, and nothing that says so": {
    begin: (_server, gate) => gate.silence(),
    end(_server, gate) {
      gate.speak();
      gate.reset();
    },
  },
  "it lets the relay's role have no connection": {
    begin: (server) => connectionLimit(server, 0),
    end: (server) => connectionLimit(server, -1),
  },
  "its tables are locked, as VACUUM FULL does it": {
    async begin(server) {
      locks = await lockTables(parsePostgresUrl(server.urlOf("test1")), "ACCESS EXCLUSIVE");
    },
    end: async () => await locks?.[Symbol.asyncDispose](),
  },
  "there, but its processes are stopped": {
    begin: (server) => freeze(server.pid!),
    end: (server) => thaw(server.pid!),
  },
  "its disk is full": {
    begin: (server, _gate, disk) => fillDisk(server, disk),
    async end(server, _gate, disk) {
      await Deno.remove(filler(disk));
      await server.stop();
      await server.resume();
    },
  },
  "restarted": {
    async begin(server) {
      await server.stop();
      await server.resume();
      await server.stop();
    },
    end: (server) => server.resume(),
  },
};

/** A disk that is soon full. */
async function smallDisk(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "glossond-pg-disk-" });
  await must("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=128m,mode=755", "tmpfs", path]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await must("/usr/bin/umount", [path]);
      await Deno.remove(path);
    },
  };
}

Deno.test("while PostgreSQL is away users are visited and come online, and what needs it is told so", async (t) => {
  await using disk = await smallDisk();
  await using server = await PostgresServer.start({ data: `${disk.path}/data` });
  await server.allowPlain();
  await using gate = await Gate.open(BETWEEN, [server.port]);
  const url = `${server.tcpUrlOf(await server.createDatabase(), BETWEEN)}?sslmode=disable`;
  const settings = { DATABASE_URL: url, LOG_LEVEL: "info" };
  await using relay = await startRelay({ settings });
  const api = apiOf(relay);
  using _client = api.client;
  const kaylee = await signUp(relay, "kaylee");
  await using _page = await serveUser(relay, kaylee, () => new Response("here"));
  const inara = await signUp(relay, "inara");
  await (await connectControl(relay, inara))[Symbol.asyncDispose]();
  const mallory = await signUp(relay, "mallory");
  await (await connectControl(relay, mallory))[Symbol.asyncDispose]();
  const blocked = await glossondCommand(relay.stateDir, ["users", "block", "mallory"], settings)
    .output();
  assert.equal(blocked.code, 0);
  const claim = await api.request("POST", "/v1/claims", { body: { username: "wash" } });
  await Deno.writeTextFile(`${relay.biosDir}/wash.txt`, claim.body.code);
  const { csr } = await signingRequest(kaylee.hostname);
  const change = (away: string) =>
    api.request("PATCH", "/v1/account", { token: kaylee.token, body: { away } });

  for (const [what, { begin, end, canBeRead }] of Object.entries(ROWS)) {
    await t.step(what, async () => {
      assert.equal((await change(`before: ${what}`)).status, 200);
      await begin(server, gate, disk.path);
      const began = performance.now();
      const refused = await Promise.all([
        change("never"),
        api.request("POST", `/v1/claims/${claim.body.claim}/verify`),
        api.request("DELETE", "/v1/account", { token: kaylee.token }),
        api.request("POST", "/v1/certificates", { token: kaylee.token, body: { csr } }),
      ]);
      for (const { status, headers, body } of refused) {
        assert.deepEqual([status, body.type], [503, "urn:glosson:problem:busy"]);
        assert.ok(Number(headers.get("retry-after")) > 0);
        assert.doesNotMatch(JSON.stringify(body), /secret|test1/);
      }
      assert.ok(performance.now() - began < 15_000, "within some seconds");
      assert.equal((await visit(relay, kaylee.hostname)).body, "here");
      // Their token was seen lately.
      await (await connectControl(relay, inara))[Symbol.asyncDispose]();
      const suspended = await api.request("GET", "/v1/account", { token: mallory.token });
      assert.deepEqual([suspended.status, suspended.body.type], [
        ...[403, "urn:glosson:problem:suspended"],
      ]);
      const other = await visit(relay, `nobody.${BASE}`);
      assert.equal(other.status, canBeRead ? 404 : 503, "the page of a name that nobody has");
      await end(server, gate, disk.path);
      await until(async () => (await change("after")).status === 200, "it is well again");
      assert.equal((await visit(relay, kaylee.hostname)).body, "here");
    });
  }

  await t.step("a relay that starts meanwhile says what it waits for, and ends", async () => {
    await server.stop();
    const ports = Object.keys(relay.ports).map((name) => [`${name.toUpperCase()}_PORT`, "0"]);
    const { code, stderr } = await glossondCommand(`${relay.dir}/another`, ["dev"], {
      ...settings,
      ...Object.fromEntries(ports),
    }).output();
    await server.resume();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1, said);
    assert.match(said, /Cannot use the database .*see that the server runs and that GLOSSOND_DATA/);
    assert.doesNotMatch(said, /not so secret|not%20so%20secret/);
    await until(async () => (await change("after")).status === 200, "it is well again");
  });

  const { body } = await api.request("GET", "/v1/account", { token: kaylee.token });
  assert.equal(body.away, "after");
  assert.doesNotMatch(JSON.stringify(relay.lines), /not so secret|not%20so%20secret/);
  // Nothing of the accounts is in the folder.
  await assert.rejects(must("/usr/bin/stat", [`${relay.stateDir}/glossond.sqlite`]));
});
