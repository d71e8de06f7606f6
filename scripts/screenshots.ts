/**
 * Takes a picture of every page of relay and client in Debian's Chromium: each width, colour scheme
 * and language.
 *
 * See `--help`.
 */
import { LANGUAGES } from "../lib/look/language.ts";
import { openBrowser } from "../tests/system/chromium.ts";
import { readCommandLine, refuse } from "./command_line.ts";
import { EVERY_PAGE, serveEveryPage } from "./screenshots/every_page.ts";

const HELP = `Takes a picture of every page of relay and client in Debian's Chromium.

Usage: deno task screenshots [--out DIR] [--only NAME]

  --out DIR     where the pictures go, with an index.html that shows them all
                [default: artefacts/screenshots]
  --only NAME   one page: ${Object.keys(EVERY_PAGE).join(", ")}
`;

/** Widths of a small phone, a phone, a tablet and a laptop, CSS pixels. */
export const WIDTHS = [320, 390, 768, 1280];

/** Colour schemes that pages have. */
export const SCHEMES = ["light", "dark"] as const;

if (import.meta.main) {
  const { values } = readCommandLine(HELP, {
    options: {
      out: { type: "string", default: "artefacts/screenshots" },
      only: { type: "string" },
    },
  });
  const { out, only } = values;
  if (only !== undefined && !(only in EVERY_PAGE)) refuse(`there is no page ${only}`);
  await takeAll(out, only === undefined ? Object.keys(EVERY_PAGE) : [only]);
}

async function takeAll(out: string, names: string[]): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  const home = await Deno.makeTempDir({ prefix: "glosson-screenshots-" });
  const rows: string[] = [];
  try {
    await using pages = serveEveryPage();
    await using browser = await openBrowser(home);
    for (const locale of LANGUAGES) {
      for (const colorScheme of SCHEMES) {
        const context = await browser.newContext({ locale, colorScheme, reducedMotion: "reduce" });
        const tab = await context.newPage();
        for (const name of names) {
          const files: string[] = [];
          for (const width of WIDTHS) {
            const file = `${name}-${locale}-${colorScheme}-${width}.png`;
            await tab.setViewportSize({ width, height: 800 });
            await tab.goto(pages.url(name));
            await tab.screenshot({ path: `${out}/${file}`, fullPage: true });
            files.push(file);
          }
          rows.push(row(`${name}, ${locale}, ${colorScheme}`, files));
        }
        await context.close();
      }
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
  await Deno.writeTextFile(`${out}/index.html`, index(rows));
  Deno.stdout.writeSync(
    new TextEncoder().encode(`${rows.length * WIDTHS.length} pictures: ${out}/index.html\n`),
  );
}

function row(title: string, files: string[]): string {
  const images = files.map((file) => `<img src="${file}" alt="${file}">`);
  return `<h2>${title}</h2>\n<p>${images.join("\n")}</p>`;
}

function index(rows: string[]): string {
  return `<!DOCTYPE html>
<meta charset="utf-8">
<title>Screenshots</title>
<style>p { display: flex; gap: 1rem; align-items: start; } img { border: 1px solid gray; }</style>
${rows.join("\n")}
`;
}
