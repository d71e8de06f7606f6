import { type BioCommand, createBioCommand } from "../account/bio_command.ts";
import { BioQueue } from "../account/bio_queue.ts";
import { Claims } from "../account/claims.ts";
import { ProfileChecks } from "../account/profile_checks.ts";
import type { AccountStore } from "../store/accounts.ts";
import { limitedGroups } from "../net/address_group.ts";
import type { Ground } from "./ground.ts";
import { createReserved } from "./reserved.ts";

/** Where the relay itself asks from. */
const LOOPBACK = "127.0.0.1";

/** Who has which name, and how names are claimed. */
export interface Accounts {
  accounts: AccountStore;
  claims: Claims;
  bio: BioCommand;
  /** How many names below their host a user may have: none below one that is kept back for hosts of the operator's. */
  namesBelow: (username: string) => number;
}

/** Builds accounts, claims and the reading of profiles. */
export async function buildAccounts(
  { store, settings, log, metrics: { counters }, hostnameOf, onClose, onReload }: Ground,
): Promise<Accounts> {
  const { accounts } = store;
  const bio = createBioCommand({ script: () => settings.bioScript, log });
  const reserved = createReserved(settings, log);
  onReload(() => reserved.reload());
  const profiles = new BioQueue({
    async run(username) {
      const result = await bio.run(username);
      counters.bios.add(result.state);
      return result;
    },
    addressGroups: limitedGroups,
    onBusy(username) {
      counters.bios.add("busy");
      log.debug("too many profiles are being read", { username, waiting: profiles.waiting });
    },
  });
  const checks = new ProfileChecks({
    profiles: store.profiles,
    total: async () => (await accounts.counts()).total,
    // As one who is not limited by address, yet has no more turns than others.
    read: (username) => profiles.ask(username, LOOPBACK),
    days: () => settings.profileCheckDays,
    log,
  });
  onClose(() => checks.stop());
  const claims = new Claims({
    store,
    key: await store.claims.key(),
    isReserved: (username) => reserved.has(username),
    readBio: (username, address) => profiles.ask(username, address),
    hostnameOf,
    log,
    contact: () => settings.contact,
    claimsPerHour: settings.claimsPerHour,
    verificationsPerClaim: settings.verificationsPerClaim,
  });
  const namesBelow = (username: string) => reserved.has(username) ? 0 : settings.namesBelow;
  return { accounts, claims, bio, namesBelow };
}
