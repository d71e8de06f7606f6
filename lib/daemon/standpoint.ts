import type { HandOver, Standing } from "../admin/hand_over.ts";
import { withDataPortOf } from "../config/processes.ts";
import type { Settings } from "../config/settings.ts";
import type { Beside } from "./listeners.ts";
import { askSiblings } from "./siblings.ts";

/** Which process of the relay this is, and what it finds. */
export interface Standpoint {
  /** From 1 on. */
  process: number;
  /** Who listens at the same places already; absent where nobody does. */
  beside?: Beside | undefined;
}

/**
 * Finds out whom a process starts beside, and takes the ports that its settings leave open from them.
 *
 * @param predecessor the process whose place it is to take, if there is one.
 */
export async function findStandpoint(
  settings: Settings,
  process: number,
  predecessor: Pick<HandOver, "look"> | undefined,
): Promise<Standpoint & { settings: Settings }> {
  const given = withDataPortOf(settings, process);
  if (predecessor !== undefined) {
    return {
      process,
      beside: "predecessor",
      settings: withPortsOf(given, await predecessor.look(), [...SHARED, ["data", "dataPort"]]),
    };
  }
  const siblings = await askSiblings(given, process, ({ handOver }) => handOver.look());
  const sibling = siblings.find((standing) => standing !== undefined);
  if (sibling === undefined) return { process, settings: given };
  return { process, beside: "sibling", settings: withPortsOf(given, sibling, SHARED) };
}

/** Listeners whose ports all processes of a relay have, and their settings. */
const SHARED = [
  ["hub", "hubPort"],
  ["control", "controlPort"],
  ["pages", "pagesPort"],
  ["admin", "adminPort"],
  ["http", "httpPort"],
] as const;

/** Settings whose ports are those of a running process, where they leave them open. */
function withPortsOf(
  settings: Settings,
  { ports }: Standing,
  named: readonly (readonly [name: string, setting: (typeof SHARED)[number][1] | "dataPort"])[],
): Settings {
  const given = { ...settings };
  for (const [name, setting] of named) {
    if (given[setting] === 0) given[setting] = ports[name] ?? 0;
  }
  return given;
}
