/**
 * Checks what documents say of the API's problems by their catalogue.
 */
import { PROBLEMS } from "../../lib/wire/problems.ts";

/** The catalogue as PROTOCOL shows it: a row for those with which the same is to be done. */
export function problemTable(): string {
  const rows = Map.groupBy(Object.entries(PROBLEMS), ([, { when }]) => when);
  return [
    "| code | status | when, and what to do |",
    "|---|---|---|",
    ...[...rows].map(([when, problems]) => {
      const codes = problems.map(([code]) => `\`${code}\``).join(", ");
      const statuses = new Set(problems.map(([, { status }]) => status));
      return `| ${codes} | ${[...statuses].join(", ")} | ${when} |`;
    }),
    "",
  ].join("\n");
}

/** What a document calls a problem, as "problem `a`, `b`" or "409 `c`"; without what is not there yet. */
export function namedProblems(text: string): { code: string; status?: number }[] {
  const there = text.replace(/^### .*\n+\*Not there yet\.\*[^]*?(?=^#)/gm, "");
  const named = [...there.matchAll(/\bproblems? ((?:`[\w-]+`(?:, | or | and )?)+)/g)]
    .flatMap(([, codes]) => codes!.match(/[\w-]+(?=`)/g)!)
    .map((code) => ({ code }));
  const answered = [...there.matchAll(/\b([45]\d\d) `([a-z-]+)`/g)]
    .map(([, status, code]) => ({ code: code!, status: Number(status) }));
  return [...named, ...answered];
}
