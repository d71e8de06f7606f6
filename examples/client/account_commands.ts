import type { PrivacyOptions, ReleaseOptions, RenameOptions } from "./account_arguments.ts";
import { Api } from "./api.ts";
import type { Preferences } from "./relay_answers.ts";
import { claimName } from "./claim_name.ts";
import { confirm } from "./confirm.ts";
import { giveBack, leftByRename } from "./give_back.ts";
import type { Installed } from "./install_commands.ts";
import { lockState } from "./lock.ts";
import type { Account } from "./records.ts";
import { openRelayHttp, type RelayHttp } from "./relay_http.ts";
import { certify, type SetupWorld } from "./setup.ts";
import type { State } from "./state.ts";

/** What these commands need of the world around them. */
export type AccountWorld = SetupWorld;

/**
 * Changes what visitors see while the user is away.
 *
 * @throws {Error} with a message for the person.
 */
export async function changePreferences(
  { change }: Pick<PrivacyOptions, "change">,
  { state, say, now }: Pick<AccountWorld, "state" | "say" | "now">,
): Promise<void> {
  await withAccount(state, async ({ relay, token, hostname }, http) => {
    const api = new Api({ relay: new URL(relay), http, token, now });
    const { away, lastSeen, offlinePage } = await api.changePreferences(change);
    say(`While you are away, visitors of ${hostname} ${seen({ away, lastSeen, offlinePage })}.`);
  });
}

function seen({ away, lastSeen, offlinePage }: Preferences): string {
  if (offlinePage === "none") return "get no page at all";
  if (offlinePage === "plain") return "see that you are, and nothing else";
  const parts = [
    ...lastSeen ? ["when you were last online"] : [],
    ...away === null ? [] : [`your words "${away}"`],
  ];
  return `see that you are${parts.map((part) => `, ${part}`).join("")}`;
}

/**
 * Gives the name back, and forgets what was kept for it.
 *
 * @throws {Error} with a message for the person.
 */
export async function release(
  { yes }: ReleaseOptions,
  world: AccountWorld & { askInstalled: () => Promise<Installed | undefined> },
): Promise<void> {
  const { state, say, askInstalled } = world;
  await withAccount(state, async (account, http) => {
    const { hostname } = account;
    const there =
      `This gives ${hostname} back: its page is gone, and after a while others may claim it.`;
    if (!yes) await confirm(there, "--yes", world);
    const former = await leftByRename(state, account);
    if (former !== undefined) await giveBack(former, http, world);
    await giveBack(account, http, world);
    await state.forgetAccount();
    // It may not be allowed to look.
    const job = await askInstalled().catch(() => undefined);
    if (job !== undefined) {
      say(`glosson is still installed, by ${job.by}: glosson uninstall ends it.`);
    }
  });
}

/**
 * Claims another name at the same relay, and gives the one before back once the new one is whole.
 * Interrupted, it goes on when it is called again.
 *
 * @throws {Error} with a message for the person; what was reached is kept.
 */
export async function rename(options: RenameOptions, world: AccountWorld): Promise<void> {
  const { state, say, now } = world;
  await state.create();
  using _lock = await lockState(state, "rename");
  await withAccount(state, async (current, http) => {
    const relay = new URL(current.relay);
    const { username } = options;
    let former = await leftByRename(state, current);
    if (current.username !== username) {
      if (former !== undefined) throw new Error(unfinished(former, current));
      const there = `This claims ${username} and then gives ${current.hostname} back.`;
      if (!options.yes) await confirm(there, "--yes", world);
      const api = new Api({ relay, http, now });
      const { hostname, token } = await claimName({ ...options, ...world, relay, api });
      // Until it is given back, nobody else has its token.
      await state.saveFormerAccount(current);
      former = current;
      await state.forgetIdentity();
      // Who may order certificates was said of the former name.
      const { certificateBy: _, ...kept } = current;
      await state.saveAccount({ ...kept, username, hostname, token });
    } else if (former === undefined) {
      throw new Error(`The name is ${username} already`);
    }
    const renamed = (await state.account())!;
    await certify(renamed, http, world);
    await giveBack(former, http, world);
    await state.saveFormerAccount(undefined);
    say(`Your page is at https://${renamed.hostname}`);
  });
}

function unfinished(former: Account, current: Account): string {
  return `Renaming ${former.username} to ${current.username} is not finished; do glosson rename ` +
    `${current.username} first`;
}

/** Does something with the account that is set up. */
async function withAccount(
  state: State,
  use: (account: Account, http: RelayHttp) => Promise<void>,
): Promise<void> {
  const account = await state.neededAccount();
  const http = openRelayHttp(new URL(account.relay), await state.ca());
  try {
    await use(account, http);
  } finally {
    http.close();
  }
}
