import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../stories/relay.ts";
import { executables } from "./deploy/executable.ts";
import { PACKAGE, REFERENCE, sh } from "./python_client.ts";

const KIT = [Deno.execPath(), "run", "-A", "--quiet", join(ROOT, "examples/conformance/main.ts")];

/** Debian's Python, whose packages the faults are made for. */
const PYTHON = "/usr/bin/python3";

const BROKEN = join(ROOT, "tests/system/conformance/broken.py");

/** How many clients are checked at once: most of the time they wait. */
const AT_ONCE = 6;

/** Each fault of broken.py, and the checks that have to find it. */
const FAULTS: Record<string, string[]> = {
  asks_once: ["claim"],
  names_another_host: ["request"],
  asks_without_a_pause: ["polling"],
  offers_another_subprotocol: ["control"],
  knows_all_types: ["unknown"],
  answers_no_pings: ["pings"],
  ends_visitors_with_the_session: ["visitors-stay"],
  ends_with_the_session: ["reconnect"],
  comes_back_without_a_pause: ["back-off"],
  comes_back_slowly_without_a_pause: ["back-off"],
  overlooks_retry_after: ["draining"],
  wants_too_many: ["pool"],
  parks_all_tickets: ["pool"],
  says_more_than_the_ticket: ["tickets"],
  parks_once: ["parked-ends"],
  hammers_the_data_port: ["refused"],
  hammers_the_data_port_slowly: ["refused"],
  meets_visitors_late: ["connect"],
  keeps_to_one_data_port: ["data-address"],
  wants_both_of_an_address: ["data-address"],
  skips_the_header: ["proxy-header"],
  reads_the_header_at_once: ["pieces"],
  takes_bytes_for_text: ["bytes"],
  takes_a_half_close_for_leaving: ["half-close"],
  resets_in_place_of_ending: ["end"],
  never_uses_a_new_certificate: ["renewal"],
  never_takes_no_for_an_answer: [
    ...["replaced", "revoked", "goodbye-null", "code-4409", "code-4401"],
  ],
  tries_a_refused_token_again: ["unauthorized"],
  tells_no_reason_by_its_code: ["exit-codes"],
  knows_no_data_web_sockets: ["only-443"],
};

/** The checks of what PROTOCOL leaves to a client. */
const OPTIONAL = ["exit-codes", "only-443"];

/** Runs the checks on a client; names of those that failed or were not offered, and the whole report. */
async function check(command: string[], only?: string[]): Promise<
  { failed: string[]; missing: string[]; passed: number; report: string; code: number }
> {
  const some = only === undefined ? [] : ["--only", only.join(",")];
  const { code, text } = await sh([...KIT, ...some, "--", ...command], {
    env: { PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: "1" },
    fails: true,
  });
  const failed = [...text.matchAll(/^FAIL +(\S+)/gm)].map((match) => match[1]!);
  const missing = [...text.matchAll(/^- +(\S+) .*\(optional\)\n +optional: not offered: ./gm)]
    .map((match) => match[1]!);
  return { failed, missing, passed: [...text.matchAll(/^ok /gm)].length, report: text, code };
}

Deno.test("the reference client, its executable and the Python client pass every check", async () => {
  const clients = [REFERENCE, [`${await executables()}/glosson`], [PYTHON, "-m", "glosson"]];
  for (
    const { failed, missing, passed, report, code } of await Promise.all(
      clients.map((client) => check(client)),
    )
  ) {
    assert.deepEqual([...failed, ...missing], [], report);
    assert.match(report, /\nrequired: (\d+) of \1 passed; optional: 2 of 2 offered\n$/);
    assert.ok(passed >= 30, report);
    assert.equal(code, 0);
  }
});

Deno.test("a client that is broken in one item fails the check of that item", async () => {
  const faults = Object.entries(FAULTS);
  const named = new Set(Object.values(FAULTS).flat());
  const { text } = await sh([...KIT, "--list"]);
  const all = [...text.matchAll(/^ +(\S+) +\d /gm)].map((match) => match[1]!);
  assert.deepEqual(all.filter((name) => !named.has(name)), [], "no fault is for these checks");

  const missed: string[] = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = faults.shift(); next !== undefined; next = faults.shift()) {
      const [fault, names] = next;
      const { failed, missing, report, code } = await check([PYTHON, BROKEN, fault], names);
      const optional = names.every((name) => OPTIONAL.includes(name));
      const found = names.every((name) => (optional ? missing : failed).includes(name)) &&
        code === (optional ? 0 : 1) &&
        report.includes(
          optional
            ? `required: 0 of 0 passed; optional: 0 of ${names.length} offered`
            : `required: 0 of ${names.length} passed; optional: 0 of 0 offered`,
        );
      if (!found) missed.push(`${fault}:\n${report}`);
    }
  }));
  assert.deepEqual(missed, []);
});

Deno.test("a client that is only slow, or spells addresses out, passes the checks", async () => {
  const habits = { answers_pings_slowly: "pings", spells_addresses_out: "proxy-header" };
  for (const [habit, name] of Object.entries(habits)) {
    const { failed, passed, report } = await check([PYTHON, BROKEN, habit], [name]);
    assert.deepEqual([failed, passed], [[], 1], report);
  }
});

Deno.test("the checks say what is wrong with their command line", async () => {
  for (const args of [[], ["--only", "nothing", "--", "true"], ["--what"], ["stray", "--", "x"]]) {
    assert.equal((await sh([...KIT, ...args], { fails: true })).code, 2);
  }
  assert.match((await sh([...KIT, "--help"])).text, /COMMAND run --upstream/);
  const { code, text } = await sh([...KIT, "--only", "claim", "--", "false"], { fails: true });
  assert.equal(code, 1);
  assert.match(text, /setup ended with code 1/);
});
