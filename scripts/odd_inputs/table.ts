import type { OddInput, Outcome } from "./inputs.ts";

/** How a relay did with an input. */
export type Mark =
  /** Routed as the input asks, or refused where there is nothing to route. */
  | "right"
  /** Handed to the default backend, which has to refuse it. */
  | "left to the backend"
  | "wrong";

/** What a relay did with every input, in their order. */
export interface Column {
  name: string;
  version: string;
  outcomes: Outcome[];
}

/**
 * Judges an outcome.
 *
 * A whole hello has to reach the backend of its name, whoever relays it. For what cannot be passed
 * on, glossond has to give the very answer that it promises; of others any refusal is right.
 */
export function markOf(input: OddInput, outcome: Outcome, isGlossond: boolean): Mark {
  if (outcome === input.right) return "right";
  if (isGlossond || input.right === "kaylee" || input.right === "default") return "wrong";
  if (outcome === "closed" || /^(alert|HTTP) /.test(outcome)) return "right";
  return outcome === "default" ? "left to the backend" : "wrong";
}

/** Rows of the table, a heading first and the sums last. */
export function rowsOf(
  inputs: readonly OddInput[],
  columns: readonly Column[],
  emphasize: (text: string, mark: Mark) => string,
): string[][] {
  const sums = columns.map((column) => {
    const marks = inputs.map((input, i) =>
      markOf(input, column.outcomes[i]!, column.name === "glossond")
    );
    return `${marks.filter((mark) => mark === "right").length} of ${inputs.length}`;
  });
  return [
    ["input", ...columns.map((column) => column.name)],
    ...inputs.map((input, i) => [
      input.what,
      ...columns.map((column) => {
        const outcome = column.outcomes[i]!;
        return emphasize(outcome, markOf(input, outcome, column.name === "glossond"));
      }),
    ]),
    ["right", ...sums],
  ];
}

/** The table for a terminal: `*` marks what is wrong, `~` what is left to the backend. */
export function asText(inputs: readonly OddInput[], columns: readonly Column[]): string {
  const sign: Record<Mark, string> = { right: " ", "left to the backend": "~", wrong: "*" };
  const rows = rowsOf(inputs, columns, (text, mark) => sign[mark] + text);
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd())
    .join("\n") + "\n";
}

/** The table in Markdown: what is wrong in bold, what is left to the backend in italics. */
export function asMarkdown(inputs: readonly OddInput[], columns: readonly Column[]): string {
  const style: Record<Mark, string> = { right: "", "left to the backend": "_", wrong: "**" };
  const rows = rowsOf(inputs, columns, (text, mark) => `${style[mark]}${text}${style[mark]}`);
  const [heading = [], ...body] = rows.map((row) => `| ${row.join(" | ")} |`);
  return [heading, `|${"---|".repeat(columns.length + 1)}`, ...body].join("\n") + "\n";
}
