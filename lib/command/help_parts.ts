import type { Setting } from "../config/setting.ts";
import { SETTINGS } from "../config/settings.ts";
import { optionOf } from "../init/interview.ts";
import type { Command } from "./command.ts";

/** An option as help tells it. */
export interface HelpOption {
  /** Without its dashes. */
  name: string;
  takesValue: boolean;
  /** What its help says, the first line of it; empty where it says nothing. */
  text: string;
}

/** What can stand behind a command. */
export interface HelpParts {
  /** Words that its usage begins with. */
  words: string[];
  options: HelpOption[];
}

/** Reads a command's help, and its options: what completes command lines and man pages are made of. */
export function helpParts(name: string, { help, options = {} }: Command): HelpParts {
  const usages = help.matchAll(
    new RegExp(`^(?:Usage:| {6}) glossond ${name} \\[?([a-z][a-z-]*)\\b`, "gm"),
  );
  return {
    words: [...new Set([...usages].map((match) => match[1]!))],
    options: Object.entries({ ...options, help: { type: "boolean" } }).map((
      [option, { type }],
    ) => ({
      name: option,
      takesValue: type === "string",
      text: option === "help" ? "tell about the command" : textOf(help, option),
    })),
  };
}

function textOf(help: string, option: string): string {
  return new RegExp(`^ +(?:-\\w, )?--${option}(?: [A-Zhy<]\\S*)? +(?=\\S)(.*)$`, "m")
    .exec(help.slice(Math.max(help.indexOf("\nOptions:\n"), 0)))?.[1]?.trim() ??
    settingText(option);
}

/** Where an option stands for a setting, what that one's help says. */
function settingText(option: string): string {
  const setting = Object.values(SETTINGS as Record<string, Setting<unknown>>)
    .find(({ name }) => optionOf(name) === `--${option}`);
  return setting?.help ?? "";
}
