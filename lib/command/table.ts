/** Lays rows out in columns, two spaces between them; the columns named in `right` end aligned. */
export function table(rows: readonly string[][], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
    ).join("  ").trimEnd() + "\n"
  ).join("");
}

/**
 * An RFC 3339 time to the minute as it is here, with the zone's distance from UTC; `-` for none. 23
 * characters at most.
 */
export function localTime(time: string | null): string {
  if (time === null) return "-";
  const date = new Date(time);
  const ahead = -date.getTimezoneOffset();
  const [day, clock] = new Date(date.getTime() + ahead * 60_000).toISOString().split("T");
  return `${day} ${clock!.slice(0, 5)} ${ahead === 0 ? "UTC" : offset(ahead)}`;
}

/** Minutes as RFC 3339 has a zone's distance from UTC. */
function offset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const digits = [hours, rest].map((number) => String(number).padStart(2, "0"));
  return `${minutes < 0 ? "-" : "+"}${digits.join(":")}`;
}

/** Columns of the narrowest terminal that tables are made for. */
const COLUMNS = 80;

/**
 * Lays a text out in lines that fit a terminal; a word that is longer than that stays whole.
 *
 * @param head stands before the first line, `indent` before the others.
 */
export function wrapped(text: string, head: string, indent: string): string {
  let out = head;
  let column = head.length;
  text.split(" ").forEach((word, i) => {
    if (i > 0) {
      const fits = column + 1 + word.length <= COLUMNS;
      out += fits ? " " : `\n${indent}`;
      column = fits ? column + 1 : indent.length;
    }
    out += word;
    column += word.length;
  });
  return `${out}\n`;
}

/** Facts, each with its name before it, in lines that fit a terminal. */
export function facts(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const indent = " ".repeat(width);
  return rows.map(([name, text]) => wrapped(text, name.padEnd(width), indent)).join("");
}

/** A number of bytes in the largest unit that leaves it above one. */
export function shortBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let rest = bytes;
  for (; rest >= 1024 && unit < units.length - 1; unit++) rest /= 1024;
  return `${unit === 0 ? rest : rest.toFixed(1)} ${units[unit]}`;
}

/**
 * A length of time in its two largest units, by their SI symbols.
 *
 * `Intl.DurationFormat` writes parts that it is given: it neither takes a number of seconds apart nor chooses
 * two of them, has no short form of zero, and writes minutes as `m`, the symbol of the metre.
 */
export function shortDuration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  return parts.slice(first, first + 2).map(([count, unit]) => `${count} ${unit}`).join(" ");
}
