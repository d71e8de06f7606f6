/**
 * Writes the client's own pages for the client in Python, so that all have one source; a test tells
 * when they are out of date.
 */
import { fileURLToPath } from "node:url";
import * as answers from "../examples/client/pages/answers.tsx";
import { ownPage } from "../examples/client/pages/own_page.ts";
import { LANGUAGES } from "../lib/look/language.ts";
import { RETRY_SCRIPT } from "../lib/look/retry_script.ts";
import { Scene, SCENE_KINDS } from "../lib/look/scene.tsx";
import { STYLE } from "../lib/look/style.ts";
import { readCommandLine } from "./command_line.ts";

/** Where the pages are. */
export const PYTHON_PAGES = fileURLToPath(
  new URL("../examples/python/glosson/own_pages.json", import.meta.url),
);

/** What stands for itself in the pages until one is asked for. */
const HOSTNAME = "{{hostname}}";
const RELAY = "{{relay}}";
const ADDRESS = "{{address}}";

/** Every page, by the word that names it. */
const PAGES = [
  answers.online(HOSTNAME),
  answers.nothingHere,
  answers.noIndex,
  answers.filesAway,
  answers.appDown,
  answers.appSilent,
];

/** What many pages have in them, by its name, which stands for it there in braces. */
const PARTS: Record<string, string> = {
  "style": STYLE,
  "script": RETRY_SCRIPT,
  ...Object.fromEntries(
    SCENE_KINDS.map((kind) => [`scene-${kind}`, String(Scene({ kind }))]),
  ),
};

/** The file's text: headers, parts and pages, each page in every language, for who sent something too. */
export function pythonPages(): string {
  const headers = Object.fromEntries(
    [...ownPage(new Request("https://host.test/"), answers.nothingHere).headers]
      .filter(([name]) => !/^(?:content-|glosson-)/.test(name) || name.endsWith("-policy")),
  );
  const pages = Object.fromEntries(PAGES.map((make) => {
    const asked = { language: LANGUAGES[0], url: ADDRESS, sent: false, host: `.${RELAY}` };
    const { status, page, text, retryAfterS } = make(asked);
    const html = Object.fromEntries(
      LANGUAGES.flatMap((language) =>
        [false, true].map((sent) => [
          `${language}${sent ? "-sent" : ""}`,
          shortened(`<!DOCTYPE html>${make({ ...asked, language, sent }).body}`),
        ])
      ).filter(([name]) => retryAfterS !== undefined || !name!.endsWith("-sent")),
    );
    return [page, { status, text, ...(retryAfterS && { retryAfterS }), html }];
  }));
  return `${JSON.stringify({ headers, parts: PARTS, pages }, null, 2)}\n`;
}

/** A page with what stands for its parts. */
function shortened(html: string): string {
  const whole = html.replace(
    /<h1>.*?<\/h1>/,
    (heading) => heading.replace(HOSTNAME, "{{hostname-in-parts}}"),
  );
  return Object.entries(PARTS).reduce(
    (text, [name, part]) => text.replace(part, `{{${name}}}`),
    whole,
  );
}

const HELP = `Writes the client's own pages into examples/python/glosson/own_pages.json.

Usage: deno task pages
`;

if (import.meta.main) {
  readCommandLine(HELP, { options: {} });
  Deno.writeTextFileSync(PYTHON_PAGES, pythonPages());
}
