/**
 * Writes the table of settings into examples/OPERATING.md, and examples/CODES.md; tests tell when they are
 * out of date.
 */
import { fileURLToPath } from "node:url";
import type { Setting } from "../lib/config/setting.ts";
import { SETTINGS } from "../lib/config/settings.ts";
import { codesDocument } from "./codes_table.ts";
import { readCommandLine } from "./command_line.ts";

const DOCUMENT = fileURLToPath(new URL("../examples/OPERATING.md", import.meta.url));
const CODES = fileURLToPath(new URL("../examples/CODES.md", import.meta.url));
const PLACE = /(<!-- settings: [^>]*-->\n)[^]*?(<!-- \/settings -->)/;

/** The table in Markdown. */
function settingsTable(): string {
  const rows = Object.values(SETTINGS as Record<string, Setting<unknown>>).map((setting) => {
    const fallback = setting.fallback ? `\`${setting.fallback}\`` : "";
    const dev = setting.dev === undefined ? "" : ` (dev: \`${setting.dev}\`)`;
    const live = setting.live === true ? " (SIGHUP)" : "";
    return `| \`${setting.name}\` | ${fallback}${dev} | ${setting.help}${live} |`;
  });
  return ["| setting | default | what it is |", "|---|---|---|", ...rows, ""].join("\n");
}

/** A document's text with the table in its place. */
export function withTable(text: string): string {
  if (!PLACE.test(text)) throw new Error("The document has no place for the table of settings");
  return text.replace(PLACE, (_, start, end) => `${start}\n${settingsTable()}\n${end}`);
}

const HELP = `Writes the table of settings into examples/OPERATING.md, and examples/CODES.md.

Usage: deno run -A scripts/settings_table.ts
`;

if (import.meta.main) {
  readCommandLine(HELP, { options: {} });
  Deno.writeTextFileSync(DOCUMENT, withTable(Deno.readTextFileSync(DOCUMENT)));
  Deno.writeTextFileSync(CODES, codesDocument());
}
