import { raw } from "hono/html";
import type { PropsWithChildren } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import { RETRY_SCRIPT } from "./retry_script.ts";
import { STYLE } from "./style.ts";

/** A lit window, as the icon of every page. */
const ICON = "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M3 15 16 4l13 11v13H3z" fill="#a9502f"/><rect x="11" y="14" width="10" height="10" rx="1.5" fill="#ffd36e"/></svg>`,
);

/** What every page knows of the relay that it is on. */
export interface Place {
  /** The base domain, with the port where it is not 443. */
  base: string;
  /** Where to write to; a mail address, a URL or other text. */
  contact: string | undefined;
}

/** Properties of {@linkcode Layout}. */
export interface LayoutProps extends Place {
  /** Word that names the page: in the response header and for the script. */
  page: string;
  title: string;
  /** When a page that will pass is loaded again; absent: it stays. */
  retry?: Retry;
}

/** How a page that will pass is loaded again where scripts are off. */
export interface Retry {
  afterS: number;
  /**
   * The page's own address, relative to itself. Without one, Chromium does not load a page again
   * whose address ends in a fragment.
   */
  url?: string;
}

/** The frame of every page: head, the page's own content, and who is behind it. */
export function Layout(props: PropsWithChildren<LayoutProps>): JSX.Element {
  const { page, title, retry, children } = props;
  return (
    <html lang="en" data-page={page}>
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {page !== "landing" && <meta name="robots" content="noindex" />}
        {retry !== undefined && (
          <noscript>
            <meta http-equiv="refresh" content={refreshContent(retry)} />
          </noscript>
        )}
        <link rel="icon" type="image/svg+xml" href={ICON} />
        <style>{raw(STYLE)}</style>
      </head>
      <body>
        <main>{children}</main>
        <Footer page={page} base={props.base} contact={props.contact} />
        {retry !== undefined && <script>{raw(RETRY_SCRIPT)}</script>}
      </body>
    </html>
  );
}

function refreshContent({ afterS, url }: Retry): string {
  return url === undefined ? String(afterS) : `${afterS}; url=${url}`;
}

function Footer({ page, base, contact }: Place & { page: string }): JSX.Element {
  return (
    <footer>
      {page === "landing" ? <p>The notification experience builds on glossonotif.</p> : (
        <p>
          Pages here live on people’s own computers. <a href={`https://${base}/`}>How that works</a>
        </p>
      )}
      {contact !== undefined && (
        <p>
          To report a page, write to <Contact contact={contact} />.
        </p>
      )}
    </footer>
  );
}

/** Where to write to, as a link if it is a mail address or a URL. */
export function Contact({ contact }: { contact: string }): JSX.Element {
  if (/^https?:\/\//.test(contact)) {
    return <a href={contact}>{contact.replace(/^https?:\/\//, "")}</a>;
  }
  if (/^(?:mailto:)?[^@\s]+@[^@\s]+$/.test(contact)) {
    const address = contact.replace(/^mailto:/, "");
    return <a href={`mailto:${address}`}>{address}</a>;
  }
  return <>{contact}</>;
}
