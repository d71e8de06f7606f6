import type { Behaviour } from "./behaviour.ts";
import { type Mark, markOf } from "./measure.ts";

/** What was measured of one program: a verdict for each behaviour. */
export interface Measured {
  name: string;
  verdicts: string[];
}

function rowsOf(
  behaviours: readonly Behaviour[],
  columns: readonly Measured[],
  show: (verdict: string, mark: Mark) => string,
): string[][] {
  const sums = columns.map(({ name, verdicts }) => {
    const marks = behaviours.map((behaviour, i) => markOf(behaviour, verdicts[i]!, name));
    const said = marks.filter((mark) => mark !== "nothing").length;
    return `${marks.filter((mark) => mark === "right").length} of ${said}`;
  });
  return [
    ...behaviours.map((behaviour, i) => [
      behaviour.what,
      behaviour.rule,
      ...columns.map(({ name, verdicts }) =>
        show(verdicts[i]!, markOf(behaviour, verdicts[i]!, name))
      ),
    ]),
    ["right", "", ...sums],
  ];
}

/** The table for a terminal: `*` marks what is wrong, `~` what the RFC allows. */
export function asText(behaviours: readonly Behaviour[], columns: readonly Measured[]): string {
  const sign: Record<Mark, string> = { right: " ", allowed: "~", wrong: "*", nothing: " " };
  const rows = [
    ["behaviour", ...columns.map(({ name }) => ` ${name}`)],
    ...rowsOf(behaviours, columns, (verdict, mark) => sign[mark] + verdict)
      .map(([what = "", , ...cells]) => [what, ...cells]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd())
    .join("\n") + "\n";
}

/** The table in Markdown: what is wrong in bold, what the RFC allows in italics. */
export function asMarkdown(behaviours: readonly Behaviour[], columns: readonly Measured[]): string {
  const style: Record<Mark, string> = { right: "", allowed: "_", wrong: "**", nothing: "" };
  const escape = (text: string): string => text.replace(/[|<>*_\\]/g, (c) => `\\${c}`);
  const rows = rowsOf(
    behaviours.map((behaviour) => ({
      ...behaviour,
      what: escape(behaviour.what),
      rule: escape(behaviour.rule),
    })),
    columns,
    (verdict, mark) => `${style[mark]}${escape(verdict)}${style[mark]}`,
  );
  return [
    `| behaviour | rule | ${columns.map(({ name }) => name).join(" | ")} |`,
    `|${"---|".repeat(columns.length + 2)}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ].join("\n") + "\n";
}
