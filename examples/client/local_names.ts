import { type ConnectProxy, openConnectProxy } from "./connect_proxy.ts";
import { connectHost, isLocalhostName } from "./relay_url.ts";

/** Starts a proxy that takes every `*.localhost` name to this machine: Debian's resolver knows none. */
export function openLocalNamesProxy(): ConnectProxy {
  return openConnectProxy((hostname, port, signal) =>
    isLocalhostName(hostname)
      ? Deno.connect({ hostname: connectHost(hostname), port, signal })
      : undefined
  );
}
