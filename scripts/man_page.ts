/**
 * Prints the manual page glossond(8), made of the help of the program and of each command.
 *
 * Run as `deno run -A scripts/man_page.ts`.
 */
import project from "../deno.json" with { type: "json" };
import { COMMANDS } from "../lib/command/commands.ts";
import { readCommandLine } from "./command_line.ts";

const HELP = `Prints the manual page glossond(8).

Usage: deno run -A scripts/man_page.ts
`;

/** Text as roff has it (groff_man(7)): no line of it is a request, no hyphen a minus sign's other form. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1")
    .replaceAll("…", "...");
}

/** The page. */
export function manPage(): string {
  const commands = Object.entries(COMMANDS).map(([name, { help }]) =>
    `.SS ${roff(name)}\n.nf\n${roff(help.trimEnd())}\n.fi\n`
  );
  return `.TH GLOSSOND 8 "" "glossond ${project.version}" "System Manager's Manual"
.SH NAME
glossond \\- relay that serves pages from home at names of a domain
.SH SYNOPSIS
.B glossond
.RI [ COMMAND ]
.SH DESCRIPTION
A person at home serves a page at https://username.BASE, encrypted from the visitor's browser to their
own computer; the relay passes bytes that it cannot read, and answers with a page of its own while they
are away. Without a command it runs the relay. Settings are environment variables, or in the file that
GLOSSOND_SETTINGS_FILE names;
.B glossond config
lists them.
.SH COMMANDS
${commands.join("")}.SH FILES
.TP
.I /etc/glossond/settings
Settings, as
.B glossond init
writes them.
.TP
.I /etc/glossond/secrets
Secrets, for root alone.
.TP
.I /var/lib/glossond
All that the relay keeps.
.SH SEE ALSO
.BR systemctl (1),
.BR haproxy (1)
`;
}

if (import.meta.main) {
  readCommandLine(HELP, { options: {} });
  Deno.stdout.writeSync(new TextEncoder().encode(manPage()));
}
