/**
 * Loaded before the relay, patches it: users' visitors get TLS that ends at the relay, by its own certificate, though
 * the user is online. With `?spare=ADDRESS` in its own address those from there do not.
 */
import { Destinations } from "../../lib/visitor/destinations.ts";

const spared = new URL(import.meta.url).searchParams.get("spare");
const byName = Destinations.prototype.byName;

Destinations.prototype.byName = function (visit) {
  const name = visit.peeked.kind === "hello" ? visit.peeked.serverName : undefined;
  const isUser = name?.startsWith("kaylee.") ?? false;
  const mayPass = !isUser || visit.addresses.source?.address === spared;
  return mayPass ? byName.call(this, visit) : this.toPage(visit, "page");
};
