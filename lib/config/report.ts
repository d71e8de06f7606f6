import type { LoadedConfig } from "./load.ts";

/** Shows the settings and the problems: a table for people, or one JSON object for machines. */
export function configReport(config: LoadedConfig, options: { json: boolean }): string {
  const { shown, problems } = config;
  if (options.json) return `${JSON.stringify({ settings: shown, problems }, null, 2)}\n`;
  const rows = shown.map((s) => [s.variable, s.value ?? "", `(${s.source})`, s.help] as const);
  const width = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  const widths = [width(0), Math.min(width(1), 48), width(2)] as const;
  const lines = rows.map(([name, value, source, help]) =>
    [name.padEnd(widths[0]), value.padEnd(widths[1]), source.padEnd(widths[2]), help].join("  ")
  );
  const found = problems.map((problem) => `PROBLEM  ${problem}`);
  return [...lines, ...(found.length > 0 ? ["", ...found] : []), ""].join("\n");
}
