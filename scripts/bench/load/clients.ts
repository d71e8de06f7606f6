/** Users who are online and do nothing else; see {@linkcode LoadProcess}. */
import { answerCalls } from "../load_process.ts";
import { type GlossonLink, goOnline, type Membership } from "./glosson.ts";

const links: GlossonLink[] = [];

await answerCalls({
  /** Goes online for each user, 20 at a time. */
  async online(memberships: Membership[]) {
    const [first] = memberships;
    const http = Deno.createHttpClient({ caCerts: [first!.ca], http2: false });
    const left = [...memberships];
    await Promise.all(Array.from({ length: 20 }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        links.push(await goOnline(next, () => {}, http));
      }
    }));
    return { online: links.length };
  },
  /** How many have lost their session since. */
  lost: () => ({ lost: links.filter(({ isOpen }) => !isOpen).length }),
});
