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
    name: "a relay stops while visitors keep connections",
    file: "tests/stories/drain_test.ts",
    test:
      "a relay that stops waits for who is being answered, and for no connection that is only kept",
    bystander: "a short wait",
  },
  {
    name: "several relays take another's place at once",
    file: "tests/stories/takeover_faults_test.ts",
    test: "relays that take another's place at once do so one after the other",
    bystander: "nothing",
  },
  {
    name: "a relay's place is taken while an older one keeps visitors",
    file: "tests/stories/takeover_faults_test.ts",
    test: "a relay's place is taken again while one before still keeps its visitors",
    bystander: "nothing",
  },
  {
    name: "the successor dies amid a hand-over",
    file: "tests/stories/takeover_faults_test.ts",
    test: "a relay goes on at once when its successor dies amid a hand-over",
    bystander: "a short wait",
  },
  {
    name: "the predecessor dies amid a hand-over",
    file: "tests/stories/takeover_faults_test.ts",
    test: "a relay whose predecessor dies amid a hand-over has its place all the same",
    bystander: "a short wait",
  },
  {
    name: "a visitor says late for whom, while two relays wait for the place",
    file: "tests/stories/takeover_late_visitor_test.ts",
    test:
      "visitors who say late for whom they came meet the client, though two relays wait for the place",
    bystander: "nothing",
  },
  {
    name: "a visitor says late for whom, and the successor has died, or stops",
    file: "tests/stories/takeover_late_visitor_test.ts",
    test:
      "a late visitor is told of a restart, and of nobody's absence, where the relay that could tell",
    bystander: "a page that says so, and opens the user's",
  },
  {
    name: "a parked connection is dead amid a hand-over",
    file: "tests/stories/takeover_dead_connection_test.ts",
    test:
      "a visitor whose parked connection is dead gets another from the relay that the client is at by then",
    bystander: "a wait of a second",
  },
  {
    name: "disk full at a hand-over",
    file: "tests/system/full_disk_test.ts",
    test: "a relay whose disk is full has its place taken all the same, and its users are visited",
    bystander: "nothing",
  },
  {
    name: "data port out of reach: the user, the relay and its operator are told",
    file: "tests/stories/data_path_test.ts",
    test: "is told to everybody whom it concerns, and when it is again",
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
    name: "a client ends its side with its request to the API",
    file: "tests/stories/half_close_test.ts",
    test: "a client that ends its side with its request is answered, however long that takes",
    bystander: "nothing",
  },
  {
    name: "a PROXY header, and then nothing or the end",
    file: "tests/stories/hub_proxy_test.ts",
    test: "a proxy's connection without a whole, right header is closed without a word",
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
