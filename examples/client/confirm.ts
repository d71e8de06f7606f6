import type { Lines } from "./terminal.ts";

/**
 * Has the person agree to something.
 *
 * @param there what is to be done.
 * @param option that agrees in their place.
 * @throws {Error} unless they do.
 */
export async function confirm(
  there: string,
  option: string,
  { say, lines }: { say: (text: string) => void; lines?: Lines },
): Promise<void> {
  if (lines === undefined) throw new Error(`${there} To go ahead, add ${option}`);
  say(`${there}\nGo ahead? [y/N]`);
  const answer = await lines.next();
  if (!/^y(es)?$/i.test(answer?.trim() ?? "")) throw new Error("Nothing was changed");
}
