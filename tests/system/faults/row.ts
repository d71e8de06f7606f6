import { type Bystander, inWords, isNothing } from "./bystander.ts";

/** One line of the table: something that goes wrong, and what has to come of it. */
export interface Row<World> {
  /** What goes wrong. */
  name: string;
  /** For how long all visitors wait, milliseconds, where it goes wrong for everybody. @default {0} */
  waitMs?: number;
  /**
   * Lets it go wrong, and fails when anything comes of it that should not.
   *
   * @returns what happened, for the table.
   */
  happen(world: World): Promise<string>;
}

/** A row that was lived through. */
export interface Lived {
  name: string;
  happened: string;
  bystander: string;
  /** Why the row failed. */
  error?: Error;
}

/** Lives through a row in a world with a bystander; never rejects. */
export async function live<World extends { bystander: Bystander }>(
  world: World,
  { name, happen, waitMs = 0 }: Row<World>,
): Promise<Lived> {
  const from = performance.now();
  let happened = "";
  let error: Error | undefined;
  try {
    happened = await happen(world);
  } catch (thrown) {
    error = thrown as Error;
    happened = `FAILED: ${error.message.split("\n")[0]}`;
  }
  const noticed = await world.bystander.since(from);
  const bystander = inWords(noticed, waitMs);
  if (!isNothing(noticed, waitMs)) error ??= new Error(`The bystander noticed: ${bystander}`);
  return { name, happened, bystander, ...(error && { error }) };
}

/** Lives through rows one after another. */
export async function liveInTurn<World extends { bystander: Bystander }>(
  world: World,
  rows: readonly Row<World>[],
): Promise<Lived[]> {
  const lived: Lived[] = [];
  for (const row of rows) lived.push(await live(world, row));
  return lived;
}

/** All of them, for people. */
export function tableOf(lived: readonly Lived[]): string {
  const lines = lived.map(({ name, happened, bystander }) =>
    `| ${[name, happened, bystander].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
  );
  return ["| case | what happened | a bystander noticed |", "|---|---|---|", ...lines].join("\n");
}
