/**
 * Makes accounts in a state folder's store, four at once, and says each name once it is acknowledged. Its log is put
 * into the database every so many pages, in another thread where the disk takes longer than so many milliseconds.
 */
import { grantToken } from "../../store/grant_token.ts";
import { storeIn } from "../../store/helpers.ts";

const [stateDir = "", count = "", checkpointPages = "", quickDiskMs = ""] = Deno.args;
const encoder = new TextEncoder();
const store = storeIn(stateDir, {
  checkpointPages: Number(checkpointPages),
  quickDiskMs: Number(quickDiskMs),
});

async function makeAccounts(prefix: string): Promise<void> {
  for (let i = 0; i < Number(count) / 4; i++) {
    const username = `${prefix}${i}`;
    await grantToken(store, username);
    Deno.stdout.writeSync(encoder.encode(`${username}\n`));
  }
}

await Promise.all(["kaylee", "simon", "inara", "zoe"].map(makeAccounts));
// Without closing the store, which would put its log into the database.
Deno.exit(0);
