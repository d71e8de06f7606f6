import { startApp } from "./app.ts";
import type { Bench, Check } from "./check.ts";
import { CONTROL } from "./checks/control.ts";
import { ENDINGS } from "./checks/endings.ts";
import { ONCE } from "./checks/once.ts";
import { ONLY_443 } from "./checks/only_443.ts";
import { TICKETS } from "./checks/tickets.ts";
import { VISITORS } from "./checks/visitors.ts";
import { ClientCommand } from "./command.ts";
import { CheckingRelay } from "./relay.ts";

/** All checks, in the order in which they are made. */
export const CHECKS: readonly Check[] = [
  ...[...ONCE, ...CONTROL, ...TICKETS, ...VISITORS, ...ENDINGS],
  // The last: a client remembers what worked in this network.
  ...ONLY_443,
];

/** What became of a check: whether it failed, and by what the client did. */
export interface Outcome {
  check: Check;
  failure?: string;
}

/** Makes checks of the client that `command` runs, telling of each; keeps its files in `folder`. */
export async function runChecks(
  command: string[],
  folder: string,
  checks: readonly Check[],
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const client = new ClientCommand(command, folder);
  const relay = await CheckingRelay.start(() => readOr(client.bioFile, ""));
  const app = startApp();
  // Over before the client starts: it has to renew at once.
  relay.api.renewAfter = "2020-01-01T00:00:00Z";
  const outcomes: Outcome[] = [];
  let bench: Bench | undefined;
  try {
    const setup = await client.setup(relay.url, relay.authority.pem);
    relay.issueBySecond();
    bench = { relay, app, client, setup };
    const { token } = relay.api;
    for (const check of checks) {
      relay.api.token = token;
      const outcome = { check, ...await failure(check, bench) };
      outcomes.push(outcome);
      tell(outcome);
    }
    return outcomes;
  } finally {
    // Also when nobody reads the report any more.
    await bench?.running?.stop();
    await app.stop();
    await relay.stop();
  }
}

async function failure(check: Check, bench: Bench): Promise<{ failure?: string }> {
  const { relay, app, client } = bench;
  try {
    if (check.needs === "start") {
      await bench.running?.stop();
      bench.running = undefined;
    }
    if (check.needs !== "setup") {
      if (bench.setup.code !== 0) return { failure: "nothing is set up to run" };
      relay.reset();
      bench.running ??= client.run(app.url);
      await Promise.race([relay.ready(0), ended(bench)]);
    }
    const work = check.run(bench);
    // An ending is what some checks are about.
    await Promise.race(check.needs === "running" ? [work, ended(bench)] : [work]);
    return {};
  } catch (error) {
    const said = bench.running?.said().trim().split("\n").slice(-3).join("\n") ?? "";
    return { failure: (error as Error).message + (said === "" ? "" : `\nit said: ${said}`) };
  } finally {
    // The next one begins with a client that is as good as new.
    if (bench.running?.hasEnded) bench.running = undefined;
  }
}

/** Rejects when the client ends. */
async function ended({ running }: Bench): Promise<never> {
  throw new Error(`it ended with code ${await running!.ended}`);
}

function readOr(path: string, otherwise: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return otherwise;
  }
}
