import { Api } from "./api.ts";
import type { SetupOptions } from "./arguments.ts";
import { readPem } from "./read_pem.ts";
import { obtainCertificate } from "./certificate_request.ts";
import { claimName } from "./claim_name.ts";
import { type Identity, usableIdentity } from "./identity.ts";
import { takeLock } from "./lock.ts";
import { openRelayHttp } from "./relay_http.ts";
import { renewalTime } from "./renewal.ts";
import type { Account } from "./records.ts";
import type { State } from "./state.ts";
import type { Lines } from "./terminal.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** Version of the protocol that this client speaks. */
const PROTOCOL = 1;

/** The world around {@linkcode setup}. */
export interface SetupWorld {
  state: State;
  say: (text: string) => void;
  /** What the person types; undefined when there is no terminal. */
  lines?: Lines;
  now: () => number;
  sleep: Sleep;
}

/**
 * Claims a name and gets its certificate; everything that was reached is kept when it fails.
 *
 * @throws {Error} with a message for the person.
 */
export async function setup(options: SetupOptions, world: SetupWorld): Promise<void> {
  const { state } = world;
  await state.create();
  const lock = await takeLock(state.path("lock"));
  if (lock === undefined) {
    throw new Error(`Cannot set up: glosson is running with ${state.folder}; stop it first`);
  }
  try {
    await setupLocked(options, world);
  } finally {
    lock.release();
  }
}

async function setupLocked(options: SetupOptions, world: SetupWorld): Promise<void> {
  const { username, relay, ca, keyType } = options;
  const { state, say, now, sleep } = world;
  const before = await state.account();
  const trusted = ca === undefined
    ? before?.relay === relay.href ? await state.ca() : undefined
    : await readPem(ca, "the authority given with --ca");
  const http = openRelayHttp(relay, trusted);
  try {
    const goOn = before?.username === username && before.relay === relay.href && !options.force &&
      await state.identity() === undefined;
    if (before !== undefined && !goOn) await confirm(before, options, world);
    const { hostname, token } = goOn ? before : await verified();
    const api = new Api({ relay, http, token, now });
    if (await goodIdentity(state, hostname, now()) === undefined) {
      say(`Asking for a certificate for ${hostname}; its key stays on this computer ...`);
      const identity = await obtainCertificate({ api, state, hostname, keyType, now, sleep });
      say(`It is there, good until ${new Date(identity.notAfter).toUTCString()}.`);
    }
    say(`
All set. Go online with

    glosson run

and your page is at https://${hostname}
See glosson run --help for showing a web app or files of yours.`);
  } finally {
    http.close();
  }

  async function verified(): Promise<Account> {
    const api = new Api({ relay, http, now });
    const { protocol } = await api.relayInfo();
    if (protocol !== PROTOCOL) {
      throw new Error(
        `The relay speaks version ${protocol} of the protocol, this glosson speaks ${PROTOCOL}; ` +
          "get another glosson",
      );
    }
    const found = await claimName({ ...options, ...world, api });
    say(`Found it: ${found.username} is you.`);
    if (before?.hostname !== found.hostname) await state.forgetIdentity();
    await state.saveCa(trusted);
    const { hostname, token } = found;
    const account = { username, hostname, relay: relay.href, token, keyType };
    await state.saveAccount(account);
    return account;
  }
}

/** The saved key and certificate, if they can be used and need no renewal. */
async function goodIdentity(
  state: State,
  hostname: string,
  now: number,
): Promise<Identity | undefined> {
  const saved = await state.identity();
  if (saved === undefined) return undefined;
  const identity = usableIdentity(saved, hostname, now);
  return identity !== undefined && now < renewalTime(identity) ? identity : undefined;
}

/** Has the person agree to replacing what is there. */
async function confirm(
  { username, relay }: Account,
  options: SetupOptions,
  { state, say, lines }: SetupWorld,
): Promise<void> {
  if (options.force) return;
  const same = username === options.username && relay === options.relay.href;
  const there = same
    ? `${username} is set up already. Doing it again replaces its token and ends its session.`
    : `${state.folder} holds ${username} at ${relay}, which this replaces. ` +
      "(With --state DIR both can be kept.)";
  if (lines === undefined) throw new Error(`${there} To go ahead, add --force`);
  say(`${there}\nGo ahead? [y/N]`);
  const answer = await lines.next();
  if (!/^y(es)?$/i.test(answer?.trim() ?? "")) throw new Error("Nothing was changed");
}
