import type { Log } from "../../lib/log.ts";
import type { NetworkMemory } from "./data_transports.ts";
import type { State } from "./state.ts";

/** Networks that are remembered. */
const MAX_NETWORKS = 16;

/** This computer's addresses; none where it may not look. */
function ownAddresses(): string[] {
  const permission = { name: "sys", kind: "networkInterfaces" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") return [];
  return Deno.networkInterfaces().map(({ address }) => address);
}

/**
 * Remembers in the state folder in which networks only WebSockets reach the relay.
 *
 * A network is known by the address that this computer had in it: that takes no look at a router, and
 * where another network gives it the same one, TCP is tried again soon.
 */
export function networkMemory(
  state: Pick<State, "webSocketNetworks" | "saveWebSocketNetworks">,
  log: Log,
  addresses = ownAddresses,
): NetworkMemory {
  return {
    async isHere() {
      const own = addresses();
      return (await state.webSocketNetworks()).some((address) => own.includes(address));
    },
    async note(address, onlyWebSockets) {
      try {
        const others = (await state.webSocketNetworks()).filter((other) => other !== address);
        const all = onlyWebSockets ? [...others, address] : others;
        await state.saveWebSocketNetworks(all.slice(-MAX_NETWORKS));
      } catch (error) {
        // It costs some seconds in this network the next time.
        log.debug("Cannot remember what works in this network", { error });
      }
    },
  };
}
