import { isLocalhostName } from "./relay_url.ts";
import { openLocalNamesProxy } from "./local_names.ts";

/** How `fetch` and `WebSocket` reach one relay; pass `client` to either. */
export interface RelayHttp {
  client: Deno.HttpClient;
  close(): void;
}

/**
 * Opens the way to a relay, trusting `ca` (PEM) besides the authorities of the system.
 *
 * @throws {Error} if `ca` holds no certificate.
 */
export function openRelayHttp(relay: URL, ca?: string): RelayHttp {
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error("Cannot trust the given authority: the file holds no PEM certificate");
  }
  const proxy = isLocalhostName(relay.hostname) ? openLocalNamesProxy() : undefined;
  const client = Deno.createHttpClient({
    caCerts: ca === undefined ? [] : [ca],
    // A connection for each request: one that the network swallowed would otherwise be tried again
    // and again, and a heartbeat over it would say that a healthy relay is gone.
    poolMaxIdlePerHost: 0,
    http2: false,
    ...(proxy === undefined ? {} : { proxy: { url: proxy.url } }),
  });
  return {
    client,
    close() {
      client.close();
      proxy?.close();
    },
  };
}
