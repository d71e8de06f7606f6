import { ROOT } from "../../stories/relay.ts";
import type { Lived } from "./row.ts";

/** Lines of the table that tests of their own show: the file, and the test's name as it stands there. */
const ELSEWHERE: { name: string; file: string; test: string; bystander: string }[] = [
  {
    name: "relay restarted (SIGTERM, SIGKILL)",
    file: "tests/stories/restart_test.ts",
    test: "is no absence: no visitor gets the offline page",
    bystander: "a wait, never the offline page",
  },
  {
    name: "a relay takes another's place",
    file: "tests/stories/takeover_test.ts",
    test: "a relay takes another's place, and neither its visitors nor those who come notice",
    bystander: "nothing",
  },
  {
    name: "descriptors out",
    file: "tests/stories/hub_descriptors_test.ts",
    test: "descriptors run out under a running relay: little CPU, nobody cut off, all answer again",
    bystander: "nobody online is cut off",
  },
  {
    name: "database damaged, cut off, or newer",
    file: "tests/store/database_test.ts",
    test: "openDatabase() names the path and the fix for ${what}, and changes nothing",
    bystander: "the relay does not start",
  },
  {
    name: "database older",
    file: "tests/store/database_test.ts",
    test: "openDatabase() goes on with the database of every earlier version, and keeps a copy",
    bystander: "nothing",
  },
  {
    name: "visitors end their side, and wait for a minute",
    file: "tests/system/half_closed_test.ts",
    test: "a visitor who ends their side and waits for a minute gets the answer",
    bystander: "nothing",
  },
  {
    name: "visitors end their side, and never read",
    file: "tests/system/half_closed_test.ts",
    test: "4,000 visitors who end their side and never read hold nothing for longer than minutes",
    bystander: "places are free again",
  },
  {
    name: "PowerDNS and ACME server away, or set up wrongly",
    file: "tests/system/acme/broken_test.ts",
    test: "each broken set-up is named, the old certificate stays, the next order succeeds",
    bystander: "what was served is served",
  },
];

/**
 * The lines that are shown elsewhere.
 *
 * @throws {Error} when there is no such test any more.
 */
export async function elsewhere(): Promise<Lived[]> {
  return await Promise.all(ELSEWHERE.map(async ({ name, file, test, bystander }) => {
    if (!(await Deno.readTextFile(ROOT + file)).includes(test)) {
      throw new Error(`Cannot find the test of ${JSON.stringify(name)} in ${file}: ${test}`);
    }
    return { name, happened: `see ${file}: ${test}`, bystander };
  }));
}
