import { createHash } from "node:crypto";
import { COPY_SCRIPT } from "./copy_script.ts";
import { RETRY_SCRIPT } from "./retry_script.ts";
import { STYLE } from "./style.ts";

/** Headers of every page, and of what is said in the place of one. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": [
    "default-src 'none'",
    `style-src ${sourceHash(STYLE)}`,
    `script-src ${sourceHash(RETRY_SCRIPT)} ${sourceHash(COPY_SCRIPT)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Gives a response the headers that every page has, and returns it. */
export function withPageHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.headers.set(name, value);
  return response;
}

/** Names an inline style or script in a content security policy. */
function sourceHash(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}
