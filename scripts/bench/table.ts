/** One line of the results. */
export interface Row {
  section: string;
  target: string;
  /** What was done to the target. */
  case: string;
  /** Medians by name; the name ends in the unit. */
  values: Record<string, number | undefined>;
}

/** Digits that a value of this size is shown with. */
function shown(value: number | undefined): string {
  if (value === undefined) return "-";
  if (!Number.isFinite(value)) return "?";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(Math.abs(value) < 1 && value !== 0 ? 3 : digits);
}

/** The rows as text, one table a section. */
export function textTable(rows: readonly Row[]): string {
  const sections = [...new Set(rows.map((row) => row.section))];
  return sections.map((section) => {
    const own = rows.filter((row) => row.section === section);
    const names = [...new Set(own.flatMap((row) => Object.keys(row.values)))];
    const cells = [
      [section, "", ...names],
      ...own.map((row) => [row.case, row.target, ...names.map((name) => shown(row.values[name]))]),
    ];
    const widths = cells[0]!.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
    return cells.map((line) =>
      line.map((cell, i) => i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
        .trimEnd()
    ).join("\n");
  }).join("\n\n") + "\n";
}
