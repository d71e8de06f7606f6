import project from "../../deno.json" with { type: "json" };

/** What a program tells of itself by `--help`. */
interface Help {
  text: string;
  options: Set<string>;
}

/** A program of the project, and the rest of a command line that calls it. */
interface Call {
  /** As it is called in a message. */
  name: string;
  /** Its file. */
  main: string;
  args: string[];
}

const helps = new Map<string, Help>();

/** The programs that have commands, by their file. */
const PROGRAMS: Record<string, string> = {
  "main.ts": "glossond",
  "examples/client/main.ts": "glosson",
};

/**
 * What is wrong with a command line of one of the project's programs: "" for nothing, undefined when
 * it calls none of them.
 *
 * The programs themselves are asked, by `--help`.
 */
export function commandProblem(root: string, words: readonly string[]): string | undefined {
  const call = callOf(words);
  if (call === undefined) return undefined;
  const { name, main, args } = call;
  if (!Object.hasOwn(PROGRAMS, main)) return unknownOption(name, help(root, main), args);
  const [command, ...rest] = args;
  if (command === undefined || command.startsWith("-")) {
    return unknownOption(name, help(root, main), args);
  }
  const itsHelp = help(root, main, command);
  if (itsHelp === undefined) return `${name} has no command ${command}`;
  const word = rest[0];
  const usages = usageWords(itsHelp.text, `${name} ${command}`);
  if (word !== undefined && /^[a-z]+$/.test(word) && usages.size > 0 && !usages.has(word)) {
    return `${name} ${command} has no ${word}`;
  }
  return unknownOption(`${name} ${command}`, itsHelp, rest);
}

/** Finds the program behind `sudo`, assignments, `npx`, `deno run` and `deno task`. */
function callOf(words: readonly string[]): Call | undefined {
  const at = words.findIndex((word) => word !== "sudo" && !/^[A-Z_]+=/.test(word));
  const [first = "", ...args] = words.slice(Math.max(at, 0));
  if (first === "npx") return callOf(args.filter((arg) => arg !== "-y"));
  const program = first.split("/").at(-1)!;
  for (const [main, name] of Object.entries(PROGRAMS)) {
    if (program === name) return { name, main, args };
  }
  if (!/^deno(@|$)/.test(program)) return undefined;
  if (args[0] === "task") return taskCall(args.slice(1).filter((arg) => arg !== "--quiet"));
  const file = args.findIndex((arg) => arg.endsWith(".ts"));
  if (args[0] !== "run" || file === -1) return undefined;
  return scriptCall(args[file]!, args.slice(file + 1));
}

/** The script of a task, with what its command gives it already. */
function taskCall([task = "", ...args]: string[]): Call | undefined {
  const tasks: Record<string, { command: string }> = project.tasks;
  const found = /^deno run (?:.* )?(\S+\.tsx?)((?: \S+)*)$/.exec(tasks[task]?.command ?? "");
  if (found === null) return undefined;
  const [, main = "", given = ""] = found;
  const call = scriptCall(main, [...given.split(" ").filter(Boolean), ...args]);
  return call && (Object.hasOwn(PROGRAMS, main) ? call : { ...call, name: `deno task ${task}` });
}

function scriptCall(main: string, args: string[]): Call | undefined {
  // What does not exist is told of as a path.
  if (!Object.hasOwn(PROGRAMS, main) && !hasHelp(main)) return undefined;
  return { name: PROGRAMS[main] ?? main, main, args };
}

/** Whether a script reads a command line: others are not to be started. */
function hasHelp(main: string): boolean {
  try {
    const url = new URL(`../../${main}`, import.meta.url);
    return Deno.readTextFileSync(url).includes("readCommandLine(HELP");
  } catch {
    return false;
  }
}

function unknownOption(name: string, known: Help | undefined, args: string[]): string {
  if (known === undefined) return `${name} has no --help`;
  for (const arg of args) {
    if (!/^-./.test(arg)) continue;
    const option = arg.split("=")[0]!;
    if (!known.options.has(option)) return `${name} has no ${option}`;
  }
  return "";
}

/** The words that may stand behind a command, by the lines that begin with it in its help. */
function usageWords(text: string, prefix: string): Set<string> {
  const found = text.matchAll(new RegExp(`\\b${prefix} \\[?([a-z]+)\\b`, "g"));
  return new Set([...found].map((match) => match[1]!));
}

/** A program's help, or that of one of its commands; undefined when there is none. */
function help(root: string, main: string, command?: string): Help | undefined {
  const key = `${main} ${command ?? ""}`;
  if (!helps.has(key)) {
    const { success, stdout } = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", root + main, ...(command ? [command] : []), "--help"],
      cwd: root,
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).outputSync();
    if (!success) return undefined;
    const text = new TextDecoder().decode(stdout);
    const options = text.matchAll(/(?<![\w-])(--[a-z][a-z-]*|-[A-Za-z])(?![\w-])/g);
    helps.set(key, { text, options: new Set(["--help", ...[...options].map((m) => m[1]!)]) });
  }
  return helps.get(key);
}
