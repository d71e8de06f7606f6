import { Api } from "./api.ts";
import { RelayProblem } from "./problem.ts";
import type { Account } from "./records.ts";
import { openRelayHttp, type RelayHttp } from "./relay_http.ts";
import type { State } from "./state.ts";

/** What giving a name back needs of the world around it. */
export interface GiveBackWorld {
  state: State;
  say: (text: string) => void;
  now: () => number;
}

/** The account that a `rename` to `current` was to give back, and has not yet. */
export async function leftByRename(state: State, current: Account): Promise<Account | undefined> {
  const former = await state.formerAccount();
  if (former?.token !== current.token) return former;
  // It ended before the new account was kept: the only one that there is stays.
  await state.saveFormerAccount(undefined);
  return undefined;
}

/** Gives back what a `rename` left; `ca`: further authorities to trust for its relay, PEM. */
export async function finishRename(
  former: Account,
  ca: string | undefined,
  world: GiveBackWorld,
): Promise<void> {
  const http = openRelayHttp(new URL(former.relay), ca);
  try {
    await giveBack(former, http, world);
  } finally {
    http.close();
  }
  await world.state.saveFormerAccount(undefined);
}

/** Releases a name at the relay; that it is gone already is as good. */
export async function giveBack(
  { hostname, relay, token }: Account,
  http: RelayHttp,
  { say, now }: Pick<GiveBackWorld, "say" | "now">,
): Promise<void> {
  try {
    await new Api({ relay: new URL(relay), http, token, now }).release();
  } catch (error) {
    if (!(error instanceof RelayProblem && error.status === 401)) throw error;
    say(`${error.message} Forgetting it here.`);
  }
  say(`${hostname} is given back.`);
}
