/** Users who are online and do nothing else; see {@linkcode LoadProcess}. */
import { sleep } from "../../../lib/net/pause.ts";
import { answerCalls } from "../load_process.ts";
import { type GlossonLink, goOnline, httpFor, type Membership } from "./glosson.ts";
import { stay } from "./stay.ts";

/** How many go online at the same time at first. */
const AT_ONCE = 20;

const links: GlossonLink[] = [];

/** When each one that stays came online last, as `performance.now()` has it; at the place of its number. */
const onlineAt: number[] = [];

/** Does something with each, {@linkcode AT_ONCE} at a time. */
async function forEach<T>(all: readonly T[], act: (one: T, number: number) => Promise<void>) {
  const left = all.entries();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [number, one] of left) await act(one, number);
  }));
}

await answerCalls({
  /** Goes online for each user. */
  async online(memberships: Membership[]) {
    const http = httpFor(memberships[0]!);
    await forEach(memberships, async (membership) => {
      links.push(await goOnline(membership, () => {}, http));
    });
    return { online: links.length };
  },
  /** Goes online for each user, who comes back whenever they lose it. */
  async stay(memberships: Membership[]) {
    const http = httpFor(memberships[0]!);
    await forEach(
      memberships,
      (membership, number) =>
        stay(membership, { http, onOnline: () => onlineAt[number] = performance.now() }),
    );
  },
  /** How long ago each that stays came online for the last time, milliseconds. */
  since() {
    const now = performance.now();
    return { agoMs: onlineAt.map((at) => now - at) };
  },
  /** At a rate, a user comes online for a while and leaves; how often one did, and could not. */
  async comeAndGo({ memberships, perSecond, seconds, stayMs }: {
    memberships: Membership[];
    perSecond: number;
    seconds: number;
    stayMs: number;
  }) {
    const http = httpFor(memberships[0]!);
    let [came, refused] = [0, 0];
    const stays: Promise<void>[] = [];
    for (let i = 0; i < perSecond * seconds; i++) {
      // Sent away by a relay that leaves its place: one that comes next is not.
      stays.push(
        goOnline(memberships[i % memberships.length]!, () => {}, http).then(async (link) => {
          came++;
          await sleep(stayMs);
          link.close();
        }, () => void refused++),
      );
      await sleep(1000 / perSecond);
    }
    await Promise.all(stays);
    http.close();
    return { came, refused };
  },
  /** How many have lost their session since. */
  lost: () => ({ lost: links.filter(({ isOpen }) => !isOpen).length }),
});
