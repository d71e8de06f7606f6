/** A line of the table of what relays go through with their database. */
export interface Row {
  case: string;
  /** What users, visitors and operators saw. */
  seen: string;
  lost: string;
}

/** All of them, for people. */
export function tableOf(rows: readonly Row[]): string {
  return [
    "| case | what users, visitors and operators saw | what was lost |",
    "|---|---|---|",
    ...rows.map((row) => `| ${row.case} | ${row.seen} | ${row.lost} |`),
  ].join("\n");
}
