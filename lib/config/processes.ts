import type { Settings } from "./settings.ts";

/** Most processes that a relay can be. */
export const MOST_PROCESSES = 64;

/** What each process of a relay has for itself: the first the port of the setting, the second the next one. */
const OWN = ["dataPort", "publicDataPort"] as const;

/** What all processes of a relay have together. */
const SHARED = ["hubPort", "controlPort", "pagesPort", "adminPort", "httpPort"] as const;

const VARIABLE = "GLOSSOND_PROCESSES";

/** What is wrong with the settings of a relay of several processes: a sentence each, with its fix. */
export function processProblems(settings: Partial<Settings>): string[] {
  const { processes = 1, databaseUrl } = settings;
  if (processes === 1) return [];
  const problems: string[] = [];
  if (databaseUrl === undefined) {
    problems.push(
      `${VARIABLE} is ${processes}, and several processes share what they know by a PostgreSQL database: put its DATABASE_URL into the secrets file, or leave ${VARIABLE} at 1`,
    );
  }
  const { dataPort = 0 } = settings;
  const last = Math.max(...OWN.map((key) => settings[key] ?? 0)) + processes - 1;
  const isTaken = SHARED.some((key) => {
    const port = settings[key] ?? 0;
    return dataPort !== 0 && port >= dataPort && port < dataPort + processes;
  });
  if (last > 65_535 || isTaken) {
    problems.push(
      `${VARIABLE} is ${processes}, and each process has a data port, from GLOSSOND_DATA_PORT on: choose one with ${
        processes - 1
      } free ones behind it`,
    );
  }
  return problems;
}

/**
 * The settings with the data port of one of the relay's processes.
 *
 * @param process from 1 on.
 */
export function withDataPortOf(settings: Settings, process: number): Settings {
  const own = { ...settings };
  for (const key of OWN) {
    const port = settings[key] ?? 0;
    // A free one stays one, and what is not announced is not announced.
    if (port !== 0) own[key] = port + process - 1;
  }
  return own;
}
