import assert from "node:assert/strict";
import { LoggedProcess } from "../../scripts/logged_process.ts";
import { bareEnvironment, settingVariables } from "./environment.ts";
import { setUpGlosson } from "./glosson.ts";
import { prepareRelay, ROOT, startRelay } from "./relay.ts";
import { signUp, visit } from "./user.ts";

/** Moments in the first second of a process, milliseconds: it loads, opens, asks, listens, serves. */
const MOMENTS_MS = [0, 40, 90, 150, 220, 300, 420, 700];

/** How long a process may take to end that was told to, milliseconds; one that hangs never does. */
const END_MS = 30_000;

/** How long one may take to do all that it has to, milliseconds. */
const WHOLE_MS = 120_000;

const SIGNALS = ["SIGTERM", "SIGINT", "SIGKILL"] as const;

/** A program and its settings. */
interface Program {
  argv: string[];
  env: Record<string, string>;
}

/** How a program of this repository is started. */
const DENO = [Deno.execPath(), "run", "-A", "--no-prompt", "--quiet"];

const CLIENT = `${ROOT}examples/client/main.ts`;

function start({ argv, env }: Program): LoggedProcess {
  return new LoggedProcess(argv, {
    clearEnv: true,
    env: { ...bareEnvironment("/tmp"), NO_COLOR: "1", ...env },
  });
}

/** What a process did that was sent a signal. */
interface Ended {
  status: Deno.CommandStatus;
  /** Whether it took longer than it may. */
  late: boolean;
  lines: readonly string[];
}

/**
 * Starts a program, sends it signals at their moments (milliseconds, or when something has
 * happened), and waits until it has ended.
 */
async function endedBy(
  program: Program,
  ...signals: [moment: number | Promise<unknown>, signal: Deno.Signal][]
): Promise<Ended> {
  const process = start(program);
  let over = false;
  const ended = process.status.finally(() => over = true);
  for (const [moment, signal] of signals) {
    // A number is what is tried, not something that is waited for.
    let timer;
    const come = typeof moment === "number"
      ? new Promise((resolve) => timer = setTimeout(resolve, moment))
      : moment;
    await Promise.race([ended, come]);
    clearTimeout(timer);
    if (over) break;
    process.signal(signal);
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.signal("SIGKILL");
  }, signals.length > 0 ? END_MS : WHOLE_MS);
  const status = await ended;
  clearTimeout(timer);
  await process.ended;
  return { status, late, lines: process.lines };
}

/** It ended as it was told to: in order, or by the signal where nothing listened for it yet. */
function assertInOrder({ status, late, lines }: Ended, what: string, codes: number[]): void {
  const said = `${what}: ${JSON.stringify(status)}: ${lines.slice(-4).join("; ")}`;
  assert.ok(!late, `did not end: ${said}`);
  assert.ok(status.signal !== null || codes.includes(status.code), said);
  assert.ok(!lines.some((line) => /uncaught|panicked|TypeError/i.test(line)), said);
}

/** A relay whose state is in `dir`, as {@linkcode startRelay} has it. */
async function relayIn(dir: string): Promise<Program> {
  const executable = Deno.env.get("GLOSSOND_BIN");
  const program = executable === undefined ? [...DENO, `${ROOT}main.ts`] : [executable];
  return { argv: [...program, "serve"], env: settingVariables(await prepareRelay(dir)) };
}

async function withFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-signals-" });
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true }).catch(() => {});
  }
}

for (const signal of SIGNALS) {
  Deno.test(`the relay, sent ${signal} at any moment of its start, ends, and the next one takes its state`, () =>
    withFolder(async (dir) => {
      const program = await relayIn(dir);
      for (const moment of MOMENTS_MS) {
        assertInOrder(await endedBy(program, [moment, signal]), `${moment} ms`, [0]);
      }
      await using relay = await startRelay({ dir });
      await signUp(relay, "kaylee");
      assert.equal((await visit(relay, "glosson.localhost")).status, 200);
    }));
}

Deno.test("the relay, sent SIGHUP while it starts, starts, and reads its settings again", () =>
  withFolder(async (dir) => {
    const process = start(await relayIn(dir));
    let over = false;
    process.status.then(() => over = true);
    // From then on it listens for signals.
    await process.said(/ starting /);
    process.signal("SIGHUP");
    await process.said(/settings read again/);
    assert.ok(!over, process.lines.join("\n"));
    assert.equal((await process.stop()).code, 0, process.lines.join("\n"));
  }));

for (const signal of SIGNALS) {
  Deno.test(`glosson setup, sent ${signal} at any moment, goes on when it is started again`, () =>
    withFolder(async (dir) => {
      await using relay = await startRelay({ settings: { CLAIMS_PER_HOUR: "100" } });
      await Deno.writeTextFile(`${dir}/ca.pem`, relay.ca);
      const setup: Program = {
        argv: [
          ...DENO,
          ...[CLIENT, "setup", "kaylee", "--ca", `${dir}/ca.pem`],
          ...["--relay", `https://localhost:${relay.ports.control}`],
          ...["--bio-file", `${relay.biosDir}/kaylee.txt`],
        ],
        env: { GLOSSON_STATE: `${dir}/state` },
      };
      const isThrough = ({ lines }: Ended): boolean =>
        lines.some((line) => line.includes("kaylee is set up already"));
      for (const moment of MOMENTS_MS) {
        const ended = await endedBy(setup, [moment, signal]);
        // A fast machine is through before the last of the moments.
        if (isThrough(ended)) break;
        assertInOrder(ended, `${moment} ms`, [0, 130]);
      }
      const last = await endedBy(setup);
      assert.ok(last.status.code === 0 || isThrough(last), last.lines.join("\n"));
      for (const file of ["account.json", "identity.pem"]) {
        assert.equal((await Deno.stat(`${dir}/state/${file}`)).mode! & 0o777, 0o600);
      }
      // Whatever it was told in between, what it left is whole.
      const run = { argv: [...DENO, CLIENT, "run"], env: setup.env };
      const online = relay.logged("client online", { username: "kaylee" });
      assertInOrder(await endedBy(run, [online, "SIGTERM"]), "run", [0]);
      assert.ok(relay.lines.some(({ message }) => message === "client online"));
    }));

  Deno.test(`glosson run, sent ${signal} at any moment, ends, and the next one comes online`, async () => {
    await using relay = await startRelay();
    await using glosson = await setUpGlosson(relay, "kaylee");
    const run: Program = {
      argv: [...DENO, CLIENT, "run"],
      env: { GLOSSON_STATE: glosson.stateDir },
    };
    for (const moment of MOMENTS_MS) {
      assertInOrder(await endedBy(run, [moment, signal]), `${moment} ms`, [0]);
    }
    const again = glosson.run();
    await again.said(/Online/);
    assert.equal((await visit(relay, "kaylee.glosson.localhost")).status, 200);
    assert.equal((await again.stop()).code, 0);
  });
}

Deno.test("glosson run, sent SIGTERM and at once another, ends at once", async () => {
  await using relay = await startRelay();
  await using glosson = await setUpGlosson(relay, "kaylee");
  const run = glosson.run();
  await run.said(/Online/);
  run.signal("SIGTERM");
  const { code } = await run.stop("SIGTERM");
  // In order already, or as interrupted.
  assert.ok(code === 0 || code === 130, String(code));
});
