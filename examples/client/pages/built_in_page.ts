import type { Site } from "../front/site.ts";
import { nothingHere, online } from "./answers.tsx";
import { ownPage } from "./own_page.ts";

/** The page that is served when `run` is told nothing else: proof that it works, no more. */
export function builtInPage(hostname: string): Site {
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Only GET and HEAD here.\n", {
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
    const isHome = new URL(request.url).pathname === "/";
    return ownPage(request, isHome ? online(hostname) : nothingHere);
  };
}
