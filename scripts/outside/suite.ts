import type { World } from "./world.ts";

/** What became of one case of a suite. */
export interface Case {
  what: string;
  /** The verdict without glosson, or what it has to be; "ok" is the best. */
  direct: string;
  /** The verdict through the relay and the client. */
  through: string;
}

/** Whether a case is no worse through glosson than without. */
export function isSame({ direct, through }: Case): boolean {
  return through === direct || through === "ok";
}

/** Something that has to be there before a suite can run. */
export interface Tool {
  name: string;
  /** Whether getting it takes minutes of building, so that `--installed` does without. */
  slow?: boolean;
  /** Whether it is there. */
  isThere: () => boolean | Promise<boolean>;
  /** Gets it by its own package manager; throws where that does not work. */
  install: () => Promise<void>;
}

/** Tests that somebody else wrote, or a real program and what it does with its server. */
export interface Suite {
  name: string;
  tools: Tool[];
  /** How long it may take in all, milliseconds. */
  limitMs: number;
  run: (world: World) => Promise<Case[]>;
}

/** Verdicts by case, of one run. */
export type Verdicts = Record<string, string>;

/** Puts two runs beside each other; a case that one lacks is "not run" there. */
export function beside(direct: Verdicts, through: Verdicts): Case[] {
  const names = new Set([...Object.keys(direct), ...Object.keys(through)]);
  return [...names].map((what) => ({
    what,
    direct: direct[what] ?? "not run",
    through: through[what] ?? "not run",
  }));
}

/** Reads lines `{"case": …, "verdict": …}` of what a program printed; other lines are left out. */
export function verdictsOf(output: string): Verdicts {
  const verdicts: Verdicts = {};
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"case"')) continue;
    const said = JSON.parse(line) as { case: string; verdict: string };
    verdicts[said.case] = said.verdict;
  }
  return verdicts;
}
