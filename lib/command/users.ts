import { hostOfUser, labelBelow } from "../wire/names.ts";
import { isUsername } from "../account/username.ts";
import { createUserDesk, type UserDesk } from "../admin/users.ts";
import { SUSPENDED } from "../issuance/order_state.ts";
import { openStore, requireStore } from "../store/open.ts";
import { becomeOwner, openStateFolder } from "../file/state_folder.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";
import { reachRelay, type RelayAccess } from "./relay_access.ts";
import { userTable, userText } from "./users_text.ts";

/** What is done to users, by the word that asks for it. */
const WORDS: Record<
  string,
  { named: boolean; run: (desk: UserDesk, job: Job) => Promise<number> }
> = {
  list: { named: false, run: list },
  show: { named: true, run: show },
  block: { named: true, run: block },
  unblock: { named: true, run: unblock },
  release: { named: true, run: release },
};

/** One call of the command. */
interface Job {
  name: string;
  context: CommandContext;
  /** Said behind what was done, when the relay does not run. */
  aside: string;
}

/** `glossond users`. */
export const users: Command = {
  summary: "list users, block or unblock a name, release one",
  help: `Usage: glossond users [list] [--json]
       glossond users show NAME [--json]
       glossond users block NAME
       glossond users unblock NAME
       glossond users release NAME

NAME is a username, its host name or the address of its page. The running relay is
asked; when none runs, the state folder is read and changed itself.

block    ends the user's session and visitors at once; visitors then get a page that
         says the name is suspended, until it is unblocked. The account is kept.
release  ends the account: its token is void, and anybody can claim the name. A name
         that is blocked stays so.
Exit: 0 done, 1 failed or no such user, 2 wrong words.

Options:
  --json  for machines
  --dev   for the relay of glossond dev
`,
  options: { json: { type: "boolean" }, dev: { type: "boolean" } },
  takesWords: true,
  async run(context) {
    const [word = "list", text, ...rest] = context.positionals;
    const chosen = WORDS[word];
    if (chosen === undefined || rest.length > 0 || chosen.named !== (text !== undefined)) {
      context.printError(
        "glossond: users takes list, or one of show, block, unblock and release with a NAME\n",
      );
      return EXIT.usage;
    }
    const relay = await reachRelay(context);
    const name = usernameIn(text ?? "", relay.baseDomain);
    if (chosen.named && !isUsername(name)) {
      context.printError(`glossond: ${JSON.stringify(text)} is not a username\n`);
      return EXIT.usage;
    }
    return await withDesk(relay, (desk) => {
      const aside = relay.admin ? "" : " (no relay runs; its state was changed)";
      return chosen.run(desk, { name, context, aside });
    });
  },
};

/** The username in what an operator pastes: a name, a host name, or an address. */
function usernameIn(text: string, baseDomain: string): string {
  const host = URL.parse(text)?.hostname || text.split("/")[0]!;
  const name = host.toLowerCase().replace(/\.$/, "");
  return labelBelow(name, baseDomain) ?? name;
}

async function withDesk(
  { admin, stateDir, baseDomain }: RelayAccess,
  work: (desk: UserDesk) => Promise<number>,
): Promise<number> {
  if (admin !== undefined) return await work(admin.users);
  await requireStore({ stateDir });
  becomeOwner(stateDir);
  openStateFolder(stateDir);
  const store = await openStore({ stateDir });
  try {
    const { accounts, orders } = store;
    return await work(createUserDesk({
      accounts,
      hostnameOf: (username) => hostOfUser(username, baseDomain),
      certificates: {
        latest: (username) => orders.newest(username),
        async suspend(username) {
          await orders.failPending(username, JSON.stringify(SUSPENDED), Date.now());
        },
      },
      release: (username) => accounts.release(username),
    }));
  } finally {
    await store.close();
  }
}

async function list(desk: UserDesk, { context }: Job): Promise<number> {
  const all = await desk.list();
  context.print(
    context.options.json === true ? `${JSON.stringify(all, null, 2)}\n` : userTable(all),
  );
  return EXIT.ok;
}

async function show(desk: UserDesk, { name, context }: Job): Promise<number> {
  const user = await desk.show(name);
  if (user === undefined) return unknown(name, context);
  context.print(
    context.options.json === true ? `${JSON.stringify(user, null, 2)}\n` : userText(user),
  );
  return EXIT.ok;
}

async function block(desk: UserDesk, { name, context, aside }: Job): Promise<number> {
  await desk.block(name);
  const { state } = (await desk.list()).find(({ username }) => username === name)!;
  // It may be blocked before anybody claims it, but a slip of the pen would block somebody else's.
  const nobody = state === "unknown" ? "; there is no such account" : "";
  context.print(`${name} is blocked: its visitors get the suspended page${nobody}${aside}\n`);
  return EXIT.ok;
}

async function unblock(desk: UserDesk, { name, context, aside }: Job): Promise<number> {
  const changed = await desk.unblock(name);
  context.print(changed ? `${name} is unblocked${aside}\n` : `${name} was not blocked\n`);
  return EXIT.ok;
}

async function release(desk: UserDesk, { name, context, aside }: Job): Promise<number> {
  if (!await desk.release(name)) return unknown(name, context);
  context.print(`${name} is released: its token is void, and the name is free${aside}\n`);
  return EXIT.ok;
}

function unknown(name: string, { printError }: CommandContext): number {
  printError(`glossond: there is no account ${name}; glossond users lists them\n`);
  return EXIT.failed;
}
