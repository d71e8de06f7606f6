import type { Site } from "./front.ts";

/**
 * Lets a site answer for its own host name only; anything else gets 421 (RFC 9110 section 15.5.20).
 *
 * A browser may use one connection for several names of one address, and a page elsewhere may point
 * a name of its own at this one; neither is meant for what is served here.
 */
export function onlyForHost(hostname: string, site: Site): Site {
  return (request, visitor) =>
    new URL(request.url).hostname.replace(/\.$/, "") === hostname
      ? site(request, visitor)
      : new Response("This is another host.\n", { status: 421 });
}
