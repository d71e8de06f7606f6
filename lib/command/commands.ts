import { backup } from "./backup.ts";
import { bio } from "./bio.ts";
import { cert } from "./cert.ts";
import type { Command } from "./command.ts";
import { createCompletion } from "./completion.ts";
import { config } from "./config.ts";
import { doctor } from "./doctor.ts";
import { explain } from "./explain.ts";
import { init } from "./init.ts";
import { migrate } from "./migrate.ts";
import { restore } from "./restore.ts";
import { dev, serve } from "./serve.ts";
import { status } from "./status.ts";
import { users } from "./users.ts";

/** Every command by its name, in the order in which help has them. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ...{
    init,
    serve,
    dev,
    config,
    cert,
    users,
    status,
    doctor,
    bio,
    backup,
    restore,
    migrate,
    explain,
  },
  completion: createCompletion(() => COMMANDS),
};

/** The help of the program as a whole. */
export const HELP = `glossond: the relay of Glosson

Usage: glossond [COMMAND]

Commands:
${Object.entries(COMMANDS).map(([name, c]) => `  ${name.padEnd(10)}  ${c.summary}`).join("\n")}

Options:
  -h, --help     this text; behind a command, the command's, as help COMMAND
  -V, --version  the version

On a terminal some words have colours, unless NO_COLOR is set.
Settings are environment variables GLOSSOND_…; glossond config lists them.
`;
