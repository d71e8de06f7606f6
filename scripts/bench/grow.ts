import { sleep } from "../../lib/net/pause.ts";
import type { Bench } from "./bench.ts";
import type { Target } from "./peers.ts";
import type { Usage } from "./usage.ts";

/** How many connections are open when memory is read. */
const COUNTS = { full: [1_000, 4_000], quick: [250, 1_000] } as const;

/** Opened before the first reading, so that code, pools and room for young objects are there. */
const WARM_UP = 300;

/** Time for garbage and buffers of the opening to go. */
const SETTLE_MS = 3_000;

/** How many connections {@linkcode grow} opens. */
export function mostOpen({ quick }: Pick<Bench, "quick">): number {
  return WARM_UP + COUNTS[quick ? "quick" : "full"].at(-1)!;
}

/** Opens more and more and tells what each costs above the state before. */
export async function grow(
  bench: Bench,
  section: string,
  target: Pick<Target, "name" | "usage">,
  what: string,
  open: (from: number, to: number) => Promise<void>,
): Promise<void> {
  await open(0, WARM_UP);
  const before = await settled(target);
  let opened = 0;
  for (const count of COUNTS[bench.quick ? "quick" : "full"]) {
    bench.tell(`${section}, ${count} of ${what}: ${target.name}`);
    await open(WARM_UP + opened, WARM_UP + count);
    opened = count;
    const after = await settled(target);
    bench.add({
      section,
      target: target.name,
      case: `${what}, ${count}`,
      values: {
        rssKbEach: (after.rssBytes - before.rssBytes) / count / 1000,
        descriptorsEach: (after.descriptors - before.descriptors) / count,
        rssMbInAll: after.rssBytes / 1e6,
      },
    });
  }
}

async function settled(target: Pick<Target, "usage">): Promise<Usage> {
  await sleep(SETTLE_MS);
  return target.usage();
}
