import { loadConfig } from "../config/load.ts";
import { type Command, EXIT } from "./command.ts";
import { configReport } from "./config_text.ts";

/** `glossond config`. */
export const config: Command = {
  summary: "show every setting, its value and where it came from",
  help: `Usage: glossond config [--dev] [--json]

Shows every setting, its value and where it came from; secrets are masked.
Exit: 0 all well, 2 something is wrong (each problem is listed).

Options:
  --dev   with the defaults of glossond dev
  --json  for machines
`,
  options: { dev: { type: "boolean" }, json: { type: "boolean" } },
  async run({ options, readSettings, print }) {
    const loaded = loadConfig({ ...await readSettings(), dev: options.dev === true });
    print(configReport(loaded, { json: options.json === true }));
    return loaded.problems.length > 0 ? EXIT.usage : EXIT.ok;
  },
};
