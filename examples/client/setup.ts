import { Api } from "./api.ts";
import { obtainCertificate } from "./certificate_request.ts";
import { claimName } from "./claim_name.ts";
import { hostsBelow, withAlso } from "./also.ts";
import { confirm } from "./confirm.ts";
import { findRelay, type FoundRelay } from "./find_relay.ts";
import { finishRename, leftByRename } from "./give_back.ts";
import { type Identity, usableIdentity } from "./identity.ts";
import { lockState } from "./lock.ts";
import { readPem } from "./read_pem.ts";
import type { Account } from "./records.ts";
import type { RelayHttp } from "./relay_http.ts";
import { renewalTime } from "./renewal.ts";
import type { SetupOptions } from "./setup_arguments.ts";
import type { State } from "./state.ts";
import type { Lines } from "./terminal.ts";
import type { Sleep } from "../../lib/net/pause.ts";
import { urlOf } from "../../lib/wire/names.ts";

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
 * Claims a name and gets its certificate; everything that was reached is kept when it fails. Then gives back what a
 * `rename` has left.
 *
 * @throws {Error} with a message for the person.
 */
export async function setup(options: SetupOptions, world: SetupWorld): Promise<void> {
  const { state } = world;
  await state.create();
  using _lock = await lockState(state, "set up");
  const before = await state.account();
  const former = before && await leftByRename(state, before);
  const caBefore = await state.ca();
  const found = await findRelay(
    options.relay,
    (relay) => trusted(relay, options, state),
    world.now,
  );
  const { relay, http, info: { protocol, publicPort } } = found;
  try {
    if (protocol !== PROTOCOL) {
      throw new Error(
        `The relay speaks version ${protocol} of the protocol, this glosson speaks ${PROTOCOL}; ` +
          "get another glosson",
      );
    }
    const goOn = before?.username === options.username && before.relay === relay.href &&
      !options.force && before.certificateBy === undefined &&
      await state.identity() === undefined;
    if (before !== undefined && !goOn && !options.force) {
      await confirm(replaces(before, options.username, relay, state), "--force", world);
    }
    const account = goOn
      ? await withAlso(before, options.also, state)
      : await claimAt(found, options, world, before);
    await certify(account, http, world);
    world.say(`
All set. Go online with

    glosson run

and your page is at ${urlOf(account.hostname, publicPort ?? 443)}
See glosson run --help for showing a web app or files of yours.`);
    if (former?.hostname === account.hostname) await state.saveFormerAccount(undefined);
    else if (former !== undefined) await finishRename(former, caBefore, world);
  } finally {
    http.close();
  }
}

/** The authorities that were given for this relay, now or when it was set up. */
async function trusted(
  relay: URL,
  { ca }: SetupOptions,
  state: State,
): Promise<string | undefined> {
  if (ca !== undefined) return await readPem(ca, "the authority given with --ca");
  return (await state.account())?.relay === relay.href ? await state.ca() : undefined;
}

async function claimAt(
  { relay, http, ca }: FoundRelay,
  options: SetupOptions,
  world: SetupWorld,
  before: Account | undefined,
): Promise<Account> {
  const { state, say, now } = world;
  const { username, keyType } = options;
  const api = new Api({ relay, http, now });
  const found = await claimName({ ...options, ...world, relay, api });
  say(`Found it: ${found.username} is you.`);
  const { hostname, token } = found;
  const isSame = before?.hostname === hostname;
  if (!isSame) await state.forgetIdentity();
  await state.saveCa(ca);
  const also = options.also ?? (isSame ? before.also : undefined);
  const account: Account = {
    ...{ username, hostname, relay: relay.href, token, keyType, ...(also && { also }) },
    ...(isSame && before.certificateBy && { certificateBy: before.certificateBy }),
  };
  await state.saveAccount(account);
  return account;
}

/** Gets an account's certificate, unless there is one that is good for a while. */
export async function certify(
  { hostname, token, relay, keyType, also, certificateBy }: Account,
  http: RelayHttp,
  { state, say, now, sleep }: SetupWorld,
): Promise<void> {
  // The relay orders nothing for them.
  if (certificateBy !== undefined) return;
  const identity = await savedIdentity(state, hostname, now());
  if (identity !== undefined && now() < renewalTime(identity)) return;
  const hosts = [hostname, ...hostsBelow(hostname, also)];
  say(`Asking for a certificate for ${hosts.join(", ")}; its key stays on this computer ...`);
  const api = new Api({ relay: new URL(relay), http, token, now });
  const { notAfter } = await obtainCertificate({
    ...{ api, state, hosts, keyType, now, sleep },
    orFewer: {
      had: identity?.names ?? [],
      tell: (why) => say(`The relay gives not all names below yours: ${why.message}`),
    },
  });
  say(`It is there, good until ${new Date(notAfter).toUTCString()}.`);
}

/** The saved key and certificate, if they can be used. */
async function savedIdentity(
  state: State,
  hostname: string,
  now: number,
): Promise<Identity | undefined> {
  const saved = await state.identity();
  return saved && usableIdentity(saved, hostname, now);
}

/** What a set-up over another does, for a person. */
function replaces(before: Account, username: string, relay: URL, { folder }: State): string {
  return before.username === username && before.relay === relay.href
    ? `${username} is set up already. Doing it again replaces its token and ends its session.`
    : `${folder} holds ${before.username} at ${before.relay}, which this replaces. ` +
      "(With --state DIR both can be kept.)";
}
