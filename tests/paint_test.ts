import assert from "node:assert/strict";
import { STATUS_TONES as CLIENT_TONES } from "../examples/client/status.ts";
import { STATUS_TONES } from "../lib/command/status_text.ts";
import { USER_TONES } from "../lib/command/users_text.ts";
import { paint, takesColours, type Tones } from "../lib/paint.ts";

/** What paint() colours of a text, and how. */
function painted(text: string, tones: Tones): string[] {
  return paint(text, tones).split("\u001b[").filter((part) => /^3[123]m/.test(part))
    .map((part) => `${{ 1: "red", 2: "green", 3: "yellow" }[part[1]!]} ${part.slice(3)}`);
}

Deno.test("paint() colours words by where they stand, whatever else has the same name", () => {
  const users = `NAME     STATE          VISITORS
online   offline               0
blocked  never online          0
kaylee   online*               2
         blocked               0
inara    unreachable           1
`;
  assert.deepEqual(painted(users, USER_TONES), [
    "green online",
    "red blocked",
    "yellow unreachable",
  ]);
});

Deno.test("paint() tells of what is wrong, also where a line was wrapped", () => {
  const status = `ready        NO: the certificate is self-signed
certificate  until tomorrow; 3 failed orders, the last: ready yes
users        2 online of 5, 0 names blocked; 1 CANNOT REACH THE DATA
             PORT
`;
  assert.deepEqual(painted(status, STATUS_TONES), [
    "red NO",
    "yellow 3 failed orders",
    "yellow CANNOT REACH THE DATA\n             PORT",
  ]);
  assert.deepEqual(painted(status.replace(/NO:.*/, "yes"), STATUS_TONES)[0], "green yes");
  const client = `Online:       no: the relay is restarting
Visitors:     CANNOT BE SERVED since 2026: it cannot be used
Trouble:      Online: yes
`;
  assert.deepEqual(painted(client, CLIENT_TONES), [
    "yellow no",
    "red CANNOT BE SERVED",
    "red Trouble",
  ]);
  assert.deepEqual(painted("Online:       not known\n", CLIENT_TONES), []);
});

Deno.test("takesColours() is true of terminals only", () => {
  assert.equal(takesColours({ isTerminal: () => false }), false);
  assert.equal(takesColours({ isTerminal: () => true }), !Deno.noColor);
});
