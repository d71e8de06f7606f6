"""The page that is served when `run` is told nothing else: proof that it works, no more."""

from __future__ import annotations

from .exchange import Exchange, Site

# The page may load its own style and nothing else.
POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

# The name is a DNS name of the relay: it holds nothing that HTML would have to escape.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>NAME is online</title>
<style>
body {
  font: 1.1rem/1.6 system-ui, sans-serif;
  max-width: 34rem; margin: 15vh auto; padding: 0 1rem; overflow-wrap: anywhere;
}
code { font-size: 0.95em; }
</style>
</head>
<body>
<h1>NAME is online</h1>
<p>This page comes straight from the computer of the person behind this name. The relay in between
passes encrypted bytes; it cannot read them.</p>
<p>Is it yours? Then show something of your own:
<code>python -m glosson run --upstream http://127.0.0.1:8000</code> passes visitors to a web app,
and <code>python -m glosson run --dir FOLDER</code> shows files.</p>
</body>
</html>
"""


def built_in_page(hostname: str) -> Site:
    """Return a site that is one page."""
    page = PAGE.replace("NAME", hostname).encode()

    async def site(exchange: Exchange) -> None:
        request = exchange.request
        if request.method not in (b"GET", b"HEAD"):
            await exchange.refuse(405, "Only GET and HEAD here.", (b"Allow", b"GET, HEAD"))
        elif request.target.partition(b"?")[0] != b"/":
            await exchange.refuse(404, "There is only one page here: /")
        else:
            fields = [
                (b"Content-Type", b"text/html; charset=utf-8"),
                (b"Content-Security-Policy", POLICY),
                (b"Cache-Control", b"no-cache"),
            ]
            await exchange.reply(200, page, fields)

    return site
