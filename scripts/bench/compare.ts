import type { Row } from "./table.ts";

/** What each value is of an earlier run's, as text, one case a line. */
export function comparison(rows: readonly Row[], earlier: readonly Row[]): string {
  const key = ({ section, target, case: kind }: Row): string => `${section}, ${kind}: ${target}`;
  const before = new Map(earlier.map((row) => [key(row), row.values]));
  return rows.flatMap((row) => {
    const values = before.get(key(row));
    if (values === undefined) return [];
    const parts = Object.entries(row.values).flatMap(([name, value]) => {
      const ratio = (value ?? NaN) / (values[name] ?? NaN);
      return Number.isFinite(ratio) ? [`${name} x ${ratio.toFixed(2)}`] : [];
    });
    return [`${key(row)}: ${parts.join(", ")}\n`];
  }).join("");
}

/**
 * The rows of a file that an earlier run wrote with `--json`.
 *
 * @throws {Error} when it holds none; the message names the file.
 */
export async function rowsOf(file: string): Promise<Row[]> {
  try {
    const { rows } = JSON.parse(await Deno.readTextFile(file)) as { rows?: Row[] };
    if (Array.isArray(rows)) return rows;
  } catch (error) {
    throw new Error(`Cannot compare with ${file}: ${(error as Error).message}`);
  }
  throw new Error(`Cannot compare with ${file}: it has no rows, as --json writes them`);
}
