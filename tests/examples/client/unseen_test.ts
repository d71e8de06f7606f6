import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readProblem } from "../../../examples/client/problem.ts";
import { setup } from "../../../examples/client/setup.ts";
import { State } from "../../../examples/client/state.ts";
import { readRelayMessage } from "../../../lib/wire/messages.ts";
import { hasUnseen } from "../../../lib/wire/unseen.ts";
import { run } from "../../../scripts/run.ts";
import { UNSEEN_CHARACTERS } from "../../wire/unseen_characters.ts";
import { FakeRelay } from "./fake_relay.ts";
import { withFolder } from "./story.ts";

const MAIN = fileURLToPath(new URL("../../../examples/client/main.ts", import.meta.url));

/** Clears the screen, sets the title, C1's way to say the same, turned around, on another line. */
const HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b2J\u202egnp.exe\u2066\u2028\r\nroot@host# ";

/** An answer, a member of it that the relay chooses, and what `setup` makes of it. */
const MEMBERS: [path: RegExp, member: string, result: "refused" | "done"][] = [
  [/^\/v1\/relay$/, "software", "done"],
  [/^\/v1\/claims$/, "code", "refused"],
  [/^\/v1\/claims$/, "hostname", "refused"],
  [/^\/v1\/claims$/, "claim", "refused"],
  [/^\/v1\/claims$/, "expiresAt", "refused"],
  [/\/verify$/, "username", "refused"],
  [/\/verify$/, "hostname", "refused"],
  [/\/verify$/, "token", "refused"],
  [/^\/v1\/certificates$/, "id", "refused"],
  [/^\/v1\/certificates\/.+/, "status", "refused"],
  [/^\/v1\/certificates\/.+/, "certificate", "refused"],
  [/^\/v1\/certificates\/.+/, "notAfter", "refused"],
  [/^\/v1\/certificates\/.+/, "renewAfter", "refused"],
];

/** Runs `setup` at a relay; returns all that a person is told, and whether it went through. */
async function tellSetup(relay: FakeRelay): Promise<{ told: string; done: boolean; kept: string }> {
  const said: string[] = [];
  let done = false;
  let kept = "";
  await withFolder(async (folder) => {
    const ca = join(folder, "ca.pem");
    await Deno.writeTextFile(ca, relay.authority.pem);
    const bioFile = join(folder, "bio.txt");
    relay.readBio = () => Deno.readTextFileSync(bioFile);
    const state = new State(join(folder, "state"));
    const options = { username: "kaylee", relay: relay.url, ca, keyType: "ecdsa", force: false };
    try {
      await setup({ ...options, keyType: "ecdsa", bioFile }, {
        state,
        say: (text) => said.push(text),
        now: Date.now,
        sleep: () => Promise.resolve(),
      });
      done = true;
    } catch (error) {
      said.push((error as Error).message);
    }
    for await (const { name } of Deno.readDir(state.folder)) {
      kept += await Deno.readTextFile(state.path(name));
    }
  });
  return { told: said.join("\n"), done, kept };
}

/** What acts on a terminal besides the end of a line, which is ours. */
function acts(text: string): boolean {
  return hasUnseen(text.replaceAll("\n", ""));
}

Deno.test("no member of an answer reaches the terminal or a file of setup's raw", async () => {
  const relay = await FakeRelay.start();
  try {
    for (const [path, member, result] of MEMBERS) {
      relay.alter = (at, body) =>
        path.test(at) ? { ...body, [member]: `${body[member]}${HOSTILE}` } : body;
      const { told, done, kept } = await tellSetup(relay);
      assert.equal(acts(told), false, `${member}: ${escape(told)}`);
      assert.equal(acts(kept), false, `${member}: ${escape(kept)}`);
      assert.equal(done, result === "done", `${member}: ${told}`);
      if (!done) assert.match(told, /does not answer like a Glosson relay at \/v1\//, member);
    }
  } finally {
    await relay.stop();
  }
});

Deno.test("a refusal of the relay's is told without what acts on a terminal, at every step", async () => {
  const relay = await FakeRelay.start();
  try {
    const paths = ["/v1/relay", "/v1/claims", "/v1/claims/CLAIM/verify", "/v1/certificates"];
    for (const path of paths) {
      for (const member of ["title", "detail", "type"]) {
        relay.problems.clear();
        relay.problems.set(path, { status: 403, code: "suspended" });
        relay.alter = (_, body) =>
          body.type === undefined ? body : { ...body, [member]: `${body[member]}${HOSTILE}` };
        const { told, done } = await tellSetup(relay);
        assert.equal(done, false);
        assert.equal(acts(told), false, `${path} ${member}: ${escape(told)}`);
        assert.match(told, /Title of suspended.*: Detail of suspended/);
      }
    }
    // And one that comes in an answer which is none.
    relay.problems.clear();
    relay.alter = (path, body) =>
      /certificates\/./.test(path)
        ? { id: body.id, status: "failed", problem: { title: HOSTILE, detail: HOSTILE } }
        : body;
    assert.equal(acts((await tellSetup(relay)).told), false);
  } finally {
    await relay.stop();
  }
});

Deno.test("readProblem() and readRelayMessage() pass on no character that acts without being seen", () => {
  for (const char of UNSEEN_CHARACTERS) {
    const text = `a${char}b`;
    const body = { type: `urn:glosson:problem:${text}`, title: text, detail: text };
    const { message, code } = readProblem(403, JSON.stringify(body), undefined);
    assert.equal(hasUnseen(message + code), false);
    const online = { type: "online", hostname: "h.test", dataHost: "d.test", dataPort: 1 };
    const read = (more: object): ReturnType<typeof readRelayMessage> =>
      readRelayMessage(JSON.stringify({ ...online, ...more }));
    assert.equal(read({ hostname: `${text}.test` }).state, "bad");
    assert.equal(read({ dataHost: `${text}.test` }).state, "bad");
    const { message: heard } = read({ url: `https://h.test/${text}` }) as never as {
      message: { url: string };
    };
    assert.equal(heard.url, "https://h.test");
    const ended = readRelayMessage(JSON.stringify({ type: "goodbye", reason: text }));
    assert.equal(hasUnseen(JSON.stringify(ended)), false);
  }
});

Deno.test("glosson writes nothing raw, whoever said it", async () => {
  const relay = await FakeRelay.start();
  try {
    await withFolder(async (folder) => {
      const ca = join(folder, "ca.pem");
      await Deno.writeTextFile(ca, relay.authority.pem);
      // A path that a person was sent, say.
      const state = join(folder, HOSTILE.replace(/\r\n.*/s, ""));
      relay.problems.set("/v1/relay", { status: 403, code: "suspended" });
      relay.alter = (_, body) => ({ ...body, title: HOSTILE, detail: HOSTILE });
      for (
        const args of [
          ["setup", "kaylee", "--relay", relay.url.href, "--ca", ca, "--state", state],
          ["status", "--state", state],
          ["run", "--state", state],
          ["run", `--${HOSTILE}`],
        ]
      ) {
        const program = ["run", "-A", "--quiet", "--no-prompt", MAIN];
        const { code, text } = await run(Deno.execPath(), [...program, ...args]);
        assert.notEqual(code, 0);
        assert.ok(text.length > 10);
        assert.equal(acts(text), false, `${args[0]}: ${escape(text)}`);
      }
    });
  } finally {
    await relay.stop();
  }
});
