/** Users who are online and do nothing else; see {@linkcode LoadProcess}. */
import { sleep } from "../../../lib/net/pause.ts";
import { answerCalls } from "../load_process.ts";
import { type GlossonLink, goOnline, httpFor, type Membership } from "./glosson.ts";

const links: GlossonLink[] = [];

await answerCalls({
  /** Goes online for each user, 20 at a time. */
  async online(memberships: Membership[]) {
    const http = httpFor(memberships[0]!);
    const left = [...memberships];
    await Promise.all(Array.from({ length: 20 }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        links.push(await goOnline(next, () => {}, http));
      }
    }));
    return { online: links.length };
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
