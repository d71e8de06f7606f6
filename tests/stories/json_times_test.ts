import assert from "node:assert/strict";
import { endOf } from "../../scripts/run.ts";
import { glossondCommand } from "./admin_command.ts";
import { startRelay } from "./relay.ts";
import { getCertificate, serveUser, signUp, visit } from "./user.ts";

/** RFC 3339 in UTC. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** Members that hold a time, by their names. */
const TIMED = /(?:At|After|Before|Due|Until|[sS]ince)$|^(?:at|time)$/;

/** Whether a number could be a time since the epoch of these years, in seconds or milliseconds. */
function isEpoch(value: number): boolean {
  return [1, 1000].some((unit) => value > 1.7e9 * unit && value < 2.5e9 * unit);
}

/** Each member of a JSON value with its path, array items without their index. */
function* membersOf(value: unknown, path = ""): Generator<[path: string, value: unknown]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const here = Array.isArray(value) ? path : `${path}.${name}`;
    if (typeof member === "object" && member !== null) yield* membersOf(member, here);
    else yield [here, member];
  }
}

Deno.test("every command tells times of RFC 3339 in JSON, and nothing of the epoch", async () => {
  await using relay = await startRelay();
  const kaylee = await signUp(relay, "kaylee");
  const zoe = await signUp(relay, "zoe");
  await getCertificate(relay, zoe);
  await using _server = await serveUser(relay, kaylee, () => new Response("hello"));
  await visit(relay, kaylee.hostname);
  const commands = [
    ["users", "block", "zoe", "--reason", "spam"],
    ["users", "show", "kaylee", "--json"],
    ["users", "release", "zoe", "--yes"],
    ["users", "list", "--json"],
    ["users", "log", "--json"],
    ["status", "--json"],
    ["cert", "check", "--json"],
    ["cert", "renew", "--json"],
    ["cert", "renew", "--force", "--json"],
  ];
  const seen = new Set<string>();
  for (const command of commands) {
    const { stdout, stderr } = await endOf(
      glossondCommand(relay.stateDir, command, { AUTHORITY: "local" }),
    );
    if (!command.includes("--json")) continue;
    // One object, or one a line.
    const texts = command[0] === "cert" && command[1] === "renew"
      ? stdout.trim().split("\n")
      : [stdout];
    for (const text of texts) {
      for (const [path, value] of membersOf(JSON.parse(text))) {
        const where = `${command.join(" ")}: ${path} is ${value}`;
        assert.ok(typeof value !== "number" || !isEpoch(value), where);
        const name = path.slice(path.lastIndexOf(".") + 1);
        if (!TIMED.test(name) || value === null) continue;
        assert.match(String(value), TIME, `${where} ${stderr}`);
        seen.add(name);
      }
    }
  }
  const wanted = [
    ...["at", "blockedAt", "certificateNotAfter", "createdAt", "lastOnlineAt", "lastVisitAt"],
    ...["notAfter", "notBefore", "obtainedAt", "renewAt", "renewalDue", "restsUntil", "startedAt"],
    "verifiedAt",
  ];
  assert.deepEqual(wanted.filter((name) => !seen.has(name)), []);
});
