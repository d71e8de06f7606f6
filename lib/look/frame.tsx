/**
 * What the relay's pages and the client's own have in common: frame, style, picture, scripts, and in
 * which form who gets them. Imports `wire`.
 *
 * @module
 */
import { raw } from "hono/html";
import type { PropsWithChildren } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import { COPY_SCRIPT } from "./copy_script.ts";
import type { Language } from "./language.ts";
import { RETRY_SCRIPT } from "./retry_script.ts";
import { PAPER, STYLE } from "./style.ts";

/** A lit window, as the icon of every page. */
const ICON = "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M3 15 16 4l13 11v13H3z" fill="#a9502f"/><rect x="11" y="14" width="10" height="10" rx="1.5" fill="#ffd36e"/></svg>`,
);

/** Properties of {@linkcode Frame}. */
export interface FrameProps {
  language: Language;
  /** Word that names the page: in the response header and for the script. */
  page: string;
  title: string;
  /** When a page that will pass is loaded again; absent: it stays. */
  retry?: Retry | undefined;
  /** Whether the page has commands to copy. @default {false} */
  commands?: boolean;
  /** Whether search engines may list it. @default {false} */
  listed?: boolean;
  footer: JSX.Element;
}

/** How a page that will pass is loaded again where scripts are off. */
export interface Retry {
  afterS: number;
  /**
   * The page's own address, relative to itself. Chromium does not load a page again without it whose
   * address ends in a fragment.
   */
  url: string;
}

/** The frame of every page: head, the page's own content, and who is behind it. */
export function Frame(props: PropsWithChildren<FrameProps>): JSX.Element {
  const { language, page, title, retry, commands = false, listed = false, footer, children } =
    props;
  return (
    <html lang={language} data-page={page}>
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        {(["light", "dark"] as const).map((scheme) => (
          <meta
            name="theme-color"
            media={`(prefers-color-scheme: ${scheme})`}
            content={PAPER[scheme]}
          />
        ))}
        <meta name="mobile-web-app-capable" content="yes" />
        <meta name="apple-mobile-web-app-capable" content="yes" />
        {!listed && <meta name="robots" content="noindex" />}
        {retry !== undefined && (
          <noscript>
            <meta http-equiv="refresh" content={`${retry.afterS}; url=${retry.url}`} />
          </noscript>
        )}
        <link rel="icon" type="image/svg+xml" href={ICON} />
        <style>{raw(STYLE)}</style>
      </head>
      <body>
        <main>{children}</main>
        <footer>{footer}</footer>
        {retry !== undefined && <script>{raw(RETRY_SCRIPT)}</script>}
        {commands && <script>{raw(COPY_SCRIPT)}</script>}
      </body>
    </html>
  );
}
