/**
 * CAA records at the page's own name: who alone may order certificates for it; and the order by an account of the
 * user's own.
 *
 * @module
 */
import { Api } from "../api.ts";
import { acmeAccount } from "../domain/acme_account.ts";
import { KeptDomains } from "../domain/kept.ts";
import { shown } from "../problem.ts";
import { openRelayHttp } from "../relay_http.ts";
import type { Account } from "../records.ts";
import type { CaaAnswer, CaaChange } from "../relay_answers.ts";
import type { SetupWorld } from "../setup.ts";
import type { State } from "../state.ts";
import type { CaaOptions } from "./arguments.ts";

/** Word for this in a relay's `features`. */
const FEATURE = "caa";

type CaaWorld = Pick<SetupWorld, "state" | "say" | "now">;

type OwnOptions = Extract<CaaOptions, { who: "own" }>;

/**
 * Does what `glosson caa` is asked for.
 *
 * @throws {Error} with a message for the person.
 */
export async function caaCommand(options: CaaOptions, world: CaaWorld): Promise<void> {
  const { state, say, now } = world;
  const account = await state.neededAccount();
  const relay = new URL(account.relay);
  const http = openRelayHttp(relay, await state.ca());
  try {
    const api = new Api({ relay, http, token: account.token, now });
    if (!(await api.relayInfo()).features?.includes(FEATURE)) {
      throw new Error(
        "This relay writes no CAA records for its users: it is too old, or does not hold the DNS of its names",
      );
    }
    const { hostname } = account;
    if (options.who === undefined) return say(caaText(hostname, await api.caa()));
    const change = await changeOf(options, account, world);
    const answer = await api.setCaa(change);
    say(caaText(hostname, answer));
    await saveOrderer(options, account, world);
  } finally {
    http.close();
  }
}

/** What to ask the relay for. */
async function changeOf(
  options: CaaOptions,
  account: Account,
  world: CaaWorld,
): Promise<CaaChange> {
  if (options.who !== "own") return { account: options.who === "relay" ? "relay" : null };
  if (account.also !== undefined && account.also.length > 0) {
    throw new Error(
      `The relay orders for names below yours, and would no more (${
        account.also.join(", ")
      }): give them up with glosson run --no-also first`,
    );
  }
  if (options.account !== undefined) {
    return { account: options.account, authority: options.authority! };
  }
  return await ownAccount(options, account, world);
}

async function ownAccount(
  options: OwnOptions,
  { hostname, certificateBy }: Account,
  world: CaaWorld,
): Promise<CaaChange> {
  const kept = new KeptDomains(world.state);
  // By the account that there is, until it is given up.
  const others = [...await kept.list(), ...certificateBy === "own" ? [hostname] : []];
  const { acme, terms } = await acmeAccount({ ...options, others }, kept, world);
  const authority = options.authority ?? terms.caaIdentities[0];
  if (authority === undefined) {
    throw new Error("The authority tells no name for CAA records: name it with --authority");
  }
  return { account: acme.url, authority };
}

/** Keeps who orders the page's certificate from now on; a run reads it whenever one is due. */
async function saveOrderer(
  options: CaaOptions,
  account: Account,
  { state, say, now }: CaaWorld,
): Promise<void> {
  // A setup or rename may have come between.
  const { certificateBy: before, ...rest } = await state.neededAccount();
  if (rest.token !== account.token) {
    throw new Error("Your name was set up anew meanwhile: say glosson caa again");
  }
  const certificateBy = options.who !== "own"
    ? undefined
    : options.account === undefined
    ? "own"
    : "server";
  if (certificateBy === before) return;
  await state.saveAccount({ ...rest, ...(certificateBy && { certificateBy }) });
  if (certificateBy === "server") {
    return say("\nThe program with that account gets the certificate: glosson run --tls-upstream");
  }
  await makeDue(state, now());
  say(
    "\nThe next glosson run gets a certificate by it; one that is here already, with its renewal.",
  );
}

/** Has the next `run` ask for a certificate in place of the one that there is. */
async function makeDue(state: State, now: number): Promise<void> {
  const identity = await state.identity();
  if (identity === undefined) return;
  await state.saveIdentity({ ...identity, renewAfter: new Date(now).toISOString() });
}

function caaText(hostname: string, { account, records, written, detail }: CaaAnswer): string {
  const who = account === null
    ? `Nobody is barred by records of ${hostname} itself; what the relay's domain says of certificates holds.`
    : `Certificates for ${hostname}, and names below it, are for ${
      account === "relay" ? "the relay's account" : shown(account)
    } alone to order:\n\n${records.map((record) => `    ${shown(record)}`).join("\n")}`;
  return written
    ? who
    : `${who}\n\nThe DNS is not so yet: ${detail ?? "the relay gives no reason"}`;
}
