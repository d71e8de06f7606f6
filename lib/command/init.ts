import type { ParseArgsOptionsConfig } from "node:util";
import { dirname } from "node:path";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { SETTINGS } from "../config/settings.ts";
import type { Setting } from "../config/setting.ts";
import { whyUnwritable } from "../file/disk.ts";
import { readIfThere, writeDurably } from "../file/durable.ts";
import { isThere } from "../file/plain_file.ts";
import { filesOf, type InitFile } from "../init/files.ts";
import { type Ask, type Given, interview, optionOf } from "../init/interview.ts";
import { lookAtMachine, PATHS } from "../init/machine.ts";
import { nextSteps } from "../init/next_steps.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";
import { FINDING_TONES, findingsOf, findingsText } from "./doctor.ts";
import { createPrompt, type Prompt } from "./prompt.ts";

/** Names of the settings that tell where the files are that `init` writes. */
const WRITTEN = ["SETTINGS_FILE", "SECRETS_FILE"];

/** Secrets are in no command line. */
const SETTABLE = Object.values(SETTINGS as Record<string, Setting<unknown>>)
  .filter(({ name, secret }) => !secret && !WRITTEN.includes(name))
  .map(({ name }) => name);

/** Options besides those of the settings. */
const OPTIONS: ParseArgsOptionsConfig = {
  yes: { type: "boolean" },
  force: { type: "boolean" },
  root: { type: "string" },
  front: { type: "string" },
  apache: { type: "string" },
  "secret-file": { type: "string" },
  "profile-url": { type: "string" },
  "profile-selector": { type: "string" },
};

/** `glossond init`. */
export const init: Command = {
  summary: "set a relay up on this machine: settings, unit, HAProxy's part",
  help: `Usage: glossond init [--yes] [--SETTING VALUE]... [--front haproxy|alone]
                     [--apache yes|no] [--secret-file FILE]
                     [--profile-url URL [--profile-selector TEXT]]

Finds out what this machine has, asks for the rest, and writes /etc/glossond
(settings, secrets, get_bio.py, what HAProxy and Apache need) and the unit of
systemd. A file that is there with another text stays, unless you say otherwise
when asked. Ends with what glossond doctor finds. Each setting of glossond
config can be given as an option, such as --base-domain glosson.example.org,
--acme-email, --pdns-api-url, --dns rfc2136.
Exit: 0 all is written, was so or stays, 1 something could not be, 2 something
is missing or wrong.

Options:
  --yes    ask nothing: what is proposed holds, what is missing is told
  --force  write anew what is there with another text
  --front haproxy|alone  who has ports 80 and 443
  --apache yes|no        whether an Apache here has sites of its own
  --profile-url URL      where profiles are, with {name} for the username
  --profile-selector TEXT  what in it is the bio: a member of JSON, or a CSS
                           selector
  --secret-file FILE     the secret of the DNS server is in it, - for standard
                         input; or it is in GLOSSOND_POWERDNS_API_KEY,
                         GLOSSOND_RFC2136_KEY_SECRET
  --root DIR             for a system whose root is there, such as an image
`,
  options: {
    ...Object.fromEntries(SETTABLE.map((name) => [optionOf(name).slice(2), { type: "string" }])),
    ...OPTIONS,
  },
  async run(context) {
    const { options, print, printError } = context;
    const root = text(options.root)?.replace(/\/+$/, "") ?? "";
    await checkWritable(root + dirname(PATHS.settings));
    const prompt = createPrompt(context.input, print);
    const machine = await lookAtMachine(root);
    const asking = asker(context, prompt);
    const answers = await interview(machine, await givenTo(context), asking.ask)
      .catch((error) => {
        throw new Error(error.message, { cause: error instanceof TypeError ? EXIT.usage : error });
      });
    if (answers === undefined) {
      printError(`glossond: Nothing tells what is needed: give ${asking.missing.join(", ")}\n`);
      return EXIT.usage;
    }
    const files = filesOf(answers, machine);
    const problems = problemsOf(files);
    if (problems.length > 0) {
      printError(problems.map((problem) => `glossond: ${problem}\n`).join(""));
      return EXIT.usage;
    }
    for (const file of files) await write(file, root, context, prompt);
    // What was kept may be wrong where what was to be written is not.
    const installed = await readInstalled(root);
    const isGood = installed.settings !== undefined;
    if (root === "") print(nextSteps(answers));
    // Of another system no more can be found out.
    if (root === "" || !isGood) {
      print(findingsText(await findingsOf(installed), context), FINDING_TONES);
    }
    return isGood ? EXIT.ok : EXIT.usage;
  },
};

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** @throws {Error} where nothing can be written into a folder, or where it is to be made: before anything is asked. */
async function checkWritable(folder: string): Promise<void> {
  while (!await isThere(folder)) folder = dirname(folder);
  const why = whyUnwritable(folder);
  if (why !== undefined) throw new Error(`Cannot write into ${folder}: ${why}`);
}

/** What the command line and the environment say, but where the files are that are written here. */
async function givenTo(context: CommandContext): Promise<Given> {
  const { options } = context;
  const { env } = await context.readSettings();
  const settings: Record<string, string> = {};
  for (const { name } of Object.values(SETTINGS as Record<string, Setting<unknown>>)) {
    if (WRITTEN.includes(name)) continue;
    const value = text(options[optionOf(name).slice(2)]) ?? env[`GLOSSOND_${name}`];
    if (value !== undefined) settings[name] = value;
  }
  const file = text(options["secret-file"]);
  const secret = file === undefined ? undefined : (await readSecret(file, context)).trim();
  const { front, apache } = options;
  const [url, selector] = [options["profile-url"], options["profile-selector"]].map(text);
  return {
    settings,
    ...(secret !== undefined && { secret }),
    ...(typeof front === "string" && { front }),
    ...(typeof apache === "string" && { apache }),
    profile: { ...(url !== undefined && { url }), ...(selector !== undefined && { selector }) },
  };
}

async function readSecret(file: string, { input }: CommandContext): Promise<string> {
  if (file !== "-") return await Deno.readTextFile(file);
  let all = "";
  for (let part = await input.read(); part !== undefined; part = await input.read()) all += part;
  return all;
}

/** Asks until an answer is one; notes what nobody answers. */
function asker(
  { options, print }: CommandContext,
  prompt: Prompt,
): { ask: Ask; missing: string[] } {
  const missing: string[] = [];
  let ended = options.yes === true;
  async function ask({ text, insteadOf, fallback, secret, check }: Parameters<Ask>[0]) {
    const proposal = fallback ? ` [${fallback}]` : "";
    while (!ended) {
      const written = await prompt[secret ? "hidden" : "line"](`${text}${proposal}: `);
      if (written === undefined) {
        ended = true;
        break;
      }
      const answer = written.trim() || fallback;
      try {
        if (answer === undefined) throw new TypeError("is needed");
        check(answer);
        return answer;
      } catch (error) {
        print(`  It ${(error as Error).message}\n`);
      }
    }
    if (fallback === undefined) missing.push(insteadOf);
    return fallback;
  }
  return { ask, missing };
}

/** What is wrong with the files' settings, all of it. */
function problemsOf(files: readonly InitFile[]): string[] {
  const textOf = (path: string): string => files.find((file) => file.path === path)!.text;
  return loadConfig({
    env: {},
    file: textOf(PATHS.settings),
    secrets: textOf(PATHS.secrets),
  }).problems;
}

async function write(
  { path, text, mode }: InitFile,
  root: string,
  { options, print }: CommandContext,
  prompt: Prompt,
): Promise<void> {
  const target = root + path;
  const before = await readIfThere(target);
  const replace = before === undefined || before === text || options.force === true ||
    (options.yes !== true &&
      /^y(es)?$/i.test(
        await prompt.line(`${path} is there and different. Replace it? [no]: `) ?? "",
      ));
  if (!replace) {
    print(`kept      ${path}, which is different (--force replaces it)\n`);
    return;
  }
  if (before !== text) {
    await Deno.mkdir(dirname(target), { recursive: true });
    await writeDurably(target, text, mode);
  }
  // Whatever the umask is, and whatever it was made with.
  await Deno.chmod(target, mode);
  const word = before === undefined ? "wrote" : before === text ? "as it was" : "replaced";
  print(`${word.padEnd(9)} ${path}\n`);
}

/** What the files say that are there now. */
async function readInstalled(root: string): Promise<LoadedConfig> {
  return loadConfig({
    env: {},
    file: await Deno.readTextFile(root + PATHS.settings),
    secrets: await Deno.readTextFile(root + PATHS.secrets),
  });
}
