import type { LoadedConfig, ShownSetting } from "../config/load.ts";
import { wrapped } from "./table.ts";

/** Shows the settings and the problems: a list for people, or one JSON object for machines. */
export function configReport(config: LoadedConfig, options: { json: boolean }): string {
  const { shown, problems } = config;
  if (options.json) return `${JSON.stringify({ settings: shown, problems }, null, 2)}\n`;
  const found = problems.map((problem) => wrapped(problem, "PROBLEM  ", " ".repeat(9)));
  return [...shown.map(settingText), ...found].join("");
}

/** A setting with where its value comes from, and below it what it is. */
function settingText({ variable, value, source, help }: ShownSetting): string {
  const holds = [...value === undefined || value === "" ? [] : [`= ${value}`], `(${source})`];
  return wrapped(holds.join(" "), `${variable} `, "    ") + wrapped(help, "    ", "    ");
}
