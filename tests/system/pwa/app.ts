/**
 * A small web app that people install, log in to and are notified by, and what it has been asked.
 *
 * @module
 */

const SITE = new URL("site/", import.meta.url);

const TYPES: Record<string, string> = {
  "/": "text/html; charset=utf-8",
  "/login": "text/html; charset=utf-8",
  "/app.js": "text/javascript",
  "/worker.js": "text/javascript",
  "/manifest.webmanifest": "application/manifest+json",
  "/icon.svg": "image/svg+xml",
};

const FILES: Record<string, string> = { "/": "index.html", "/login": "login.html" };

/** The app while it runs. */
export interface App extends AsyncDisposable {
  port: number;
  password: string;
  /** How often somebody logged in. */
  logins: number;
  /** The endpoints that pushes would go to, in the order in which browsers named them. */
  subscriptions: string[];
}

/** Starts the app on a free port of this machine. */
export async function startApp(): Promise<App> {
  const session = crypto.randomUUID();
  const key = await vapidKey();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const app: App = {
    port: server.addr.port,
    password: crypto.randomUUID(),
    logins: 0,
    subscriptions: [],
    [Symbol.asyncDispose]: () => server.shutdown(),
  };

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const isKnown = request.headers.get("Cookie")?.includes(`session=${session}`) ?? false;
    switch (`${request.method} ${pathname}`) {
      case "POST /login": {
        if ((await request.formData()).get("password") !== app.password) return seeOther("/login");
        app.logins++;
        return seeOther("/", {
          "Set-Cookie": `session=${session}; HttpOnly; Secure; SameSite=Lax; Max-Age=86400`,
        });
      }
      case "GET /api/key":
        return new Response(key);
      case "POST /api/subscriptions":
        app.subscriptions.push((await request.json()).endpoint);
        return new Response(null, { status: 204 });
      case "POST /read":
        return seeOther("/");
      case "GET /":
        return isKnown ? await file(pathname) : seeOther("/login");
      default:
        return await file(pathname);
    }
  }
  return app;
}

function seeOther(path: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { Location: path, ...headers } });
}

async function file(path: string): Promise<Response> {
  const type = TYPES[path];
  if (type === undefined) return new Response("No such page\n", { status: 404 });
  const body = await Deno.readFile(new URL(FILES[path] ?? path.slice(1), SITE));
  return new Response(body, { headers: { "Content-Type": type, "Cache-Control": "no-cache" } });
}

/** The public half of a new key for Voluntary Application Server Identification (RFC 8292). */
async function vapidKey(): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return new Uint8Array(await crypto.subtle.exportKey("raw", publicKey))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}
