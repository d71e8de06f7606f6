import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { fault, type Finding } from "../doctor/finding.ts";
import type { Tones } from "../paint.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";
import { wrapped } from "./table.ts";

/** How each state is shown. */
const MARKS: Record<Finding["state"], string> = {
  ok: "ok   ",
  warning: "WARN ",
  fault: "FAULT",
  skipped: "-    ",
};

/** How {@linkcode findingsText} is shown. */
export const FINDING_TONES: Tones = [
  [/^ok(?= {5})/gm, "green"],
  [/^WARN(?= {3})/gm, "yellow"],
  [/^FAULT(?= {2})/gm, "red"],
];

/** `glossond doctor`. */
export const doctor: Command = {
  summary: "find what keeps the relay from working, and how to mend it",
  help: `Usage: glossond doctor [--json]

Checks the settings, the state folder, the running relay and its descriptors,
PostgreSQL, the other relays of BASE, DNS, the ACME server and the clock, the
server that holds the zone, the certificate, each listener, the way to it
through HAProxy, the bio script, and who hears of trouble.
Changes nothing. Run it where the relay runs, with the relay's settings.
Exit: 0 all well (warnings aside), 1 a fault was found, 2 the settings are
wrong.

Options:
  --json  for machines
  --dev   for the relay of glossond dev
`,
  options: { json: { type: "boolean" }, dev: { type: "boolean" } },
  async run(context) {
    const { options, readSettings, print } = context;
    const loaded = loadConfig({ ...await readSettings(), dev: options.dev === true });
    const findings = await findingsOf(loaded);
    print(
      options.json === true
        ? `${JSON.stringify(findings, null, 2)}\n`
        : findingsText(findings, context),
      FINDING_TONES,
    );
    if (loaded.settings === undefined) return EXIT.usage;
    return findings.some(({ state }) => state === "fault") ? EXIT.failed : EXIT.ok;
  },
};

/** What is wrong with the settings, or else what is found by them. */
export async function findingsOf({ settings, problems }: LoadedConfig): Promise<Finding[]> {
  if (settings !== undefined) {
    // Here: the checks are a program of their own, and every command is loaded with the relay.
    const { examine } = await import("../doctor/doctor.ts");
    return await examine({ settings });
  }
  const fix = "glossond config shows every setting and where it came from";
  return problems.map((problem) => fault("settings", problem, fix));
}

/** Findings as people read them: on a terminal in lines that fit it, elsewhere in whole ones, for grep. */
export function findingsText(
  findings: readonly Finding[],
  { isTerminal }: Pick<CommandContext, "isTerminal">,
): string {
  const lay = isTerminal
    ? wrapped
    : (text: string, head: string, _indent: string): string => `${head}${text}\n`;
  return findings.map(({ check, state, detail, fix }) =>
    lay(`${check}: ${detail}`, `${MARKS[state]}  `, " ".repeat(7)) +
    (fix === undefined ? "" : lay(fix, "       fix: ", " ".repeat(12)))
  ).join("");
}
