import { hostOfUser, labelBelow } from "../wire/names.ts";
import { isUsername } from "../account/username.ts";
import { createUserDesk } from "../admin/user_desk.ts";
import type { UserDesk } from "../admin/users.ts";
import { SUSPENDED } from "../issuance/order_state.ts";
import { openStore, requireStore } from "../store/open.ts";
import { becomeOwner, openStateFolder } from "../file/state_folder.ts";
import { isInUse } from "../file/state_lock.ts";
import { SILENT_LOG } from "../log.ts";
import { type Command, EXIT } from "./command.ts";
import { usageError } from "./command_line.ts";
import { reachRelay, type RelayAccess } from "./relay_access.ts";
import { checkReason } from "./trace.ts";
import { WORDS } from "./users_words.ts";

const DAY_MS = 86_400_000;

/** `glossond users`. */
export const users: Command = {
  summary: "list users, block, release or limit them, look who did",
  help: `Usage: glossond users [list] [--json]
       glossond users show NAME [--json]
       glossond users block NAME [--reason TEXT]
       glossond users unblock NAME [--reason TEXT]
       glossond users release NAME [--now] [--yes] [--reason TEXT]
       glossond users limit NAME [--connections N] [--bytes-per-day SIZE]
                                 [--reason TEXT]
       glossond users log [NAME] [--json]

NAME is a username, its host name or the address of its page. The running relay
is asked; when none runs, the state folder is read and changed itself.

block    ends the user's session and visitors at once; visitors then get a page
         that says the name is suspended, until it is unblocked. The account is
         kept, and its user reads the reason.
release  ends the account: its token is void, and the name rests for
         GLOSSOND_NAME_REST_DAYS: until then only the profile that had it can
         claim it. With --now anybody can at once, also where the name rests
         already. A name that is blocked stays so. Asks first; where nobody can
         be asked, --yes does it.
limit    sets how many visitors' connections the user may have at once, and how
         many bytes may pass both ways on a day of UTC; "default" is what the
         settings have. When the bytes are used up, visitors get a page that
         says so.
log      what was done to the name, or to all and the relay: when, why, and by
         whom, as told by the command that did it.
Exit: 0 done, 1 failed or no such user, 2 wrong words.

Options:
  --reason TEXT         why, for the log; with block also for the user
  --now                 the name does not rest
  --yes                 do not ask
  --connections N       with limit: visitors' connections at once
  --bytes-per-day SIZE  with limit: as 500M or 20G; none: any number
  --json                for machines
  --dev                 for the relay of glossond dev
`,
  options: {
    reason: { type: "string" },
    now: { type: "boolean" },
    yes: { type: "boolean" },
    connections: { type: "string" },
    "bytes-per-day": { type: "string" },
    json: { type: "boolean" },
    dev: { type: "boolean" },
  },
  takesWords: true,
  async run(context) {
    const [word = "list", text, ...rest] = context.positionals;
    const chosen = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    const given = text === undefined ? "never" : "always";
    if (
      chosen === undefined || rest.length > 0 || ![given, "maybe"].includes(chosen.named)
    ) {
      throw usageError(
        "users takes list, log, or one of show, block, unblock, release and limit with a NAME",
        "users",
      );
    }
    const wrong = Object.keys(context.options)
      .find((option) => option !== "dev" && !chosen.options.includes(option));
    if (wrong !== undefined) {
      throw usageError(`--${wrong} does not belong to users ${word}`, "users");
    }
    checkReason(context);
    const relay = await reachRelay(context);
    const name = usernameIn(text ?? "", relay.baseDomain);
    if (text !== undefined && !isUsername(name)) {
      throw usageError(`${JSON.stringify(text)} is not a username`, "users");
    }
    return await withDesk(relay, async (desk) => {
      const isUntold = chosen.changes && relay.admin === undefined &&
        relay.place.database === undefined && await isInUse(relay.stateDir);
      const aside = isUntold ? "" : asideOf(relay);
      const code = await chosen.run(desk, { name, context, aside });
      if (!isUntold || code !== EXIT.ok) return code;
      context.printError(
        `glossond: A relay uses ${relay.stateDir} and could not be told, so who is there stays: say it again, and restart that relay where this comes again\n`,
      );
      return EXIT.failed;
    });
  },
};

/** Said behind what was done without a relay of this state folder. */
function asideOf({ admin, stateDir, place }: RelayAccess): string {
  if (admin !== undefined) return "";
  return place.database === undefined
    ? " (no relay runs; its state was changed)"
    : ` (no relay runs on ${stateDir}; the database was changed, by which others learn of it)`;
}

/** The username in what an operator pastes: a name, a host name, or an address. */
function usernameIn(text: string, baseDomain: string): string {
  const host = URL.parse(text)?.hostname || text.split("/")[0]!;
  const name = host.toLowerCase().replace(/\.$/, "");
  return labelBelow(name, baseDomain) ?? name;
}

async function withDesk(
  { admin, stateDir, place, baseDomain, publicPort, nameRestDays }: RelayAccess,
  work: (desk: UserDesk) => Promise<number>,
): Promise<number> {
  if (admin !== undefined) return await work(admin.users);
  await requireStore(place);
  becomeOwner(stateDir);
  openStateFolder(stateDir);
  const store = await openStore(place);
  try {
    const { accounts, acts, caa, orders, rests, profiles, domains, figures, limits } = store;
    return await work(createUserDesk({
      accounts,
      acts,
      rests,
      profiles,
      domains,
      caa,
      figures,
      limits: { own: limits.of, set: limits.set },
      log: SILENT_LOG,
      publicPort,
      hostnameOf: (username) => hostOfUser(username, baseDomain),
      certificates: {
        latest: (username) => orders.newest(username),
        async suspend(username) {
          await orders.failPending(username, JSON.stringify(SUSPENDED), Date.now());
        },
      },
      release: (username, trace, { rests }) =>
        accounts.release(username, trace, { restMs: rests ? nameRestDays * DAY_MS : 0 }),
    }));
  } finally {
    await store.close();
  }
}
