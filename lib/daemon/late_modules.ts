import type { Settings } from "../config/settings.ts";
import type { Log } from "../log.ts";
import { pause } from "../net/pause.ts";

/** The settings that what orders is chosen by. */
type Choice = Pick<Settings, "authority" | "dns">;

type Load = () => Promise<unknown>;

/** What reads requests and orders, by who signs. */
const ORDERING: Record<Settings["authority"], readonly Load[]> = {
  acme: [() => import("../pki/csr.ts"), () => import("acme-client")],
  local: [() => import("../pki/csr.ts"), () => import("../certificate/local_signing.ts")],
};

/** What writes to the zone, where that is loaded with its use. */
const WRITING: Record<Settings["dns"], readonly Load[]> = {
  powerdns: [],
  rfc2136: [() => import("../dns/rfc2136.ts")],
};

/** All of it; the zone is written to for an ACME authority alone. */
function modulesOf({ authority, dns }: Choice): Load[] {
  return [...ORDERING[authority], ...authority === "acme" ? WRITING[dns] : []];
}

/**
 * Loads at once what an order needs: before root becomes somebody else, who may not read where the program and its
 * libraries are.
 *
 * @throws {Error} when something cannot be loaded.
 */
export async function loadOrderModules(settings: Choice): Promise<void> {
  for (const load of modulesOf(settings)) await load();
}

/**
 * Loads what a start goes without, as that takes a quarter of it: right after, when there are few visitors whom each
 * of them holds up for a tenth of a second (none where another relay still serves them), and not with the first order;
 * and of the same version as the rest, where a checkout is updated later. One comes after another, so that others have
 * their turn between.
 *
 * Never rejects: what cannot be loaded is told again by who needs it.
 */
export async function loadLateModules(
  settings: Choice,
  log: Pick<Log, "debug" | "error">,
): Promise<void> {
  for (const load of modulesOf(settings)) {
    await pause(0);
    await load().catch((error) => log.error("a part of the relay cannot be loaded", { error }));
  }
  log.debug("what orders is loaded");
}
