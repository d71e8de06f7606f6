import type { Setting } from "./setting.ts";
import { SETTINGS, type Settings } from "./settings.ts";

/** A setting that two sets of values differ in. */
export interface SettingChange {
  /** The whole variable name. */
  setting: string;
  /** The values; absent for secrets and for those that are not set. */
  from?: unknown;
  to?: unknown;
  /** Whether a running relay can take it; the others hold from the next start on. */
  live: boolean;
}

/** Lists what is different, secrets without their values. */
export function settingsDifference(from: Settings, to: Settings): SettingChange[] {
  const changes: SettingChange[] = [];
  for (const [key, setting] of Object.entries(SETTINGS as Record<string, Setting<unknown>>)) {
    const [before, after] = [from, to].map((values) => values[key as keyof Settings]);
    if (JSON.stringify(before) === JSON.stringify(after)) continue;
    changes.push({
      setting: `GLOSSOND_${setting.name}`,
      live: setting.live === true,
      ...(!setting.secret && before !== undefined && { from: before }),
      ...(!setting.secret && after !== undefined && { to: after }),
    });
  }
  return changes;
}

/** The values that hold in a relay that runs by `running` and is given `wanted` on SIGHUP. */
export function withLive(running: Settings, wanted: Settings): Settings {
  const live = Object.entries(SETTINGS as Record<string, Setting<unknown>>)
    .filter(([, setting]) => setting.live)
    .map(([key]) => [key, wanted[key as keyof Settings]]);
  return { ...running, ...Object.fromEntries(live) };
}
