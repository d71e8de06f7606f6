import type { Settings } from "../config/settings.ts";
import type { Log } from "../log.ts";
import { pause } from "../net/pause.ts";

/** What reads requests and orders, by who signs. */
const MODULES: Record<Settings["authority"], readonly (() => Promise<unknown>)[]> = {
  acme: [() => import("../pki/csr.ts"), () => import("acme-client")],
  local: [() => import("../pki/csr.ts"), () => import("../certificate/local_signing.ts")],
};

/**
 * Loads what a start goes without, as that takes a quarter of it: right after, when there are few visitors whom each
 * of them holds up for a tenth of a second, and not with the first order; and of the same version as the rest, where
 * a checkout is updated later. One comes after another, so that others have their turn between.
 *
 * Never rejects: what cannot be loaded is told again by who needs it.
 */
export async function loadLateModules(
  { authority }: Pick<Settings, "authority">,
  log: Pick<Log, "debug" | "error">,
): Promise<void> {
  for (const load of MODULES[authority]) {
    await pause(0);
    await load().catch((error) => log.error("a part of the relay cannot be loaded", { error }));
  }
  log.debug("what orders is loaded");
}
