import type { Site } from "./front/site.ts";

/** What the page may load: its own style and nothing else. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The page that is served when `run` is told nothing else: proof that it works, no more. */
export function builtInPage(hostname: string): Site {
  const page = html(hostname);
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Only GET and HEAD here.\n", {
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
    if (new URL(request.url).pathname !== "/") {
      return new Response("There is only one page here: /\n", { status: 404 });
    }
    return new Response(request.method === "HEAD" ? null : page, {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": POLICY,
        "cache-control": "no-cache",
      },
    });
  };
}

/** `hostname` is a DNS name of this relay: it holds nothing that HTML would have to escape. */
function html(hostname: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${hostname} is online</title>
<style>
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem; }
code { font-size: 0.95em; }
</style>
</head>
<body>
<h1>${hostname} is online</h1>
<p>This page comes straight from the computer of the person behind this name. The relay in between
passes encrypted bytes; it cannot read them.</p>
<p>Is it yours? Then show something of your own:
<code>glosson run --upstream http://127.0.0.1:8000</code> passes visitors to a web app, and
<code>glosson run --dir FOLDER</code> shows files.</p>
</body>
</html>
`;
}
