/** Who asks for a page, by what they can make use of. */
export type Asker =
  /** A browser that shows what comes to a person. */
  | "navigation"
  /** A program: a page's script that fetches, a sender of web hooks. */
  | "program"
  /** A browser that needs a part of a page: a script, an image, a service worker. */
  | "part";

/** `Sec-Fetch-Dest` of what is shown by itself (Fetch Metadata Request Headers, section 2.1). */
const SHOWN: ReadonlySet<string> = new Set(["document", "iframe", "frame", "fencedframe"]);

/** What `Accept` begins with where a browser without Fetch Metadata needs a part of a page. */
const PART = /^\s*(?:image|font|audio|video|text\/css|application\/manifest)/i;

/** What `Accept` has where a person's browser asks for what it shows by itself. */
const PAGE = /\b(?:text\/html|application\/xhtml\+xml)\b/i;

/** Tells whether a browser asks for what it will show to a person; not whoever accepts anything. */
export function asksForPage({ headers }: Pick<Request, "headers">): boolean {
  if (headers.get("Sec-Fetch-Mode") === "navigate") return true;
  const destination = headers.get("Sec-Fetch-Dest")?.toLowerCase();
  return destination === undefined
    ? PAGE.test(headers.get("Accept") ?? "")
    : SHOWN.has(destination);
}

/**
 * Tells who asks, by Fetch Metadata where the browser sends it, else by what is accepted.
 *
 * Who accepts anything and only reads may well be a person: they get the page.
 */
export function askerOf(request: Pick<Request, "method" | "headers">): Asker {
  if (asksForPage(request)) return "navigation";
  const { method, headers } = request;
  if (headers.has("Service-Worker")) return "part";
  const destination = headers.get("Sec-Fetch-Dest")?.toLowerCase();
  if (destination !== undefined) return destination === "empty" ? "program" : "part";
  const accepted = headers.get("Accept")?.trim() || "*/*";
  if (PART.test(accepted)) return "part";
  const reads = method === "GET" || method === "HEAD";
  return reads && accepted.startsWith("*/*") ? "navigation" : "program";
}
