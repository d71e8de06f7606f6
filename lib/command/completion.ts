import { type Command, EXIT } from "./command.ts";
import { usageError } from "./command_line.ts";
import { type HelpParts, helpParts } from "./help_parts.ts";

/** A command with what can stand behind it. */
interface Completed extends HelpParts {
  name: string;
  summary: string;
}

/** Makes the script of each shell. */
export const SHELLS: Record<string, (commands: Readonly<Record<string, Command>>) => string> = {
  bash: (commands) => bash(completedOf(commands)),
  zsh: (commands) => zsh(completedOf(commands)),
  fish: (commands) => fish(completedOf(commands)),
};

function completedOf(commands: Readonly<Record<string, Command>>): Completed[] {
  return Object.entries(commands).map(([name, command]) => ({
    name,
    summary: command.summary,
    ...helpParts(name, command),
  }));
}

/** Makes `glossond completion`, which knows of every command by the table that help is made of. */
export function createCompletion(commands: () => Readonly<Record<string, Command>>): Command {
  return {
    summary: "print what completes command lines in bash, zsh or fish",
    help: `Usage: glossond completion bash
       glossond completion zsh
       glossond completion fish

Prints a script for the shell, such as for
  /usr/share/bash-completion/completions/glossond
  /usr/share/zsh/site-functions/_glossond
  /usr/share/fish/vendor_completions.d/glossond.fish
`,
    takesWords: true,
    run({ positionals: [shell = "", ...others], print }) {
      if (!Object.hasOwn(SHELLS, shell) || others.length > 0) {
        throw usageError("completion takes one of bash, zsh and fish", "completion");
      }
      print(SHELLS[shell]!(commands()));
      return Promise.resolve(EXIT.ok);
    },
  };
}

function bash(commands: Completed[]): string {
  const cases = commands.map(({ name, words, options }) =>
    `    ${name}) words="${
      [...words, ...options.map((option) => `--${option.name}`)].join(" ")
    }" ;;`
  );
  return `# bash completion for glossond
_glossond() {
  local words cur="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="help --help --version ${commands.map(({ name }) => name).join(" ")}"
  elif [ "\${COMP_WORDS[1]}" = help ]; then
    words="${commands.map(({ name }) => name).join(" ")}"
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _glossond glossond
`;
}

function zsh(commands: Completed[]): string {
  const described = (entries: { name: string; text: string }[]): string =>
    entries.map(({ name, text }) => `'${name}:${text.replaceAll("'", "'\\''")}'`).join(" ");
  const cases = commands.map(({ name, words, options }) => {
    const all = [
      ...words.map((word) => ({ name: word, text: word })),
      ...options.map((option) => ({ name: `--${option.name}`, text: option.text })),
    ];
    return `    ${name}) entries=(${described(all)}) ;;`;
  });
  const names = described(commands.map(({ name, summary }) => ({ name, text: summary })));
  return `#compdef glossond
_glossond() {
  local -a entries
  if (( CURRENT == 2 )); then
    entries=(${names} 'help:tell about a command')
    _describe command entries
    return
  fi
  case "$words[2]" in
    help) entries=(${names}) ;;
${cases.join("\n")}
  esac
  _describe argument entries || _files
}
_glossond "$@"
`;
}

function fish(commands: Completed[]): string {
  const quoted = (text: string): string =>
    `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(({ name, summary, words, options }) => [
    `complete -c glossond -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...words.map((word) =>
      `complete -c glossond -n '__fish_seen_subcommand_from ${name}' -f -a ${word}`
    ),
    ...options.map(({ name: option, takesValue, text }) =>
      `complete -c glossond -n '__fish_seen_subcommand_from ${name}' -l ${option}` +
      `${takesValue ? " -r" : ""} -d ${quoted(text)}`
    ),
  ]);
  const names = commands.map(({ name }) => name).join(" ");
  lines.push(
    "complete -c glossond -n __fish_use_subcommand -f -a help -d 'tell about a command'",
    `complete -c glossond -n '__fish_seen_subcommand_from help' -f -a ${quoted(names)}`,
  );
  return `# fish completion for glossond\n${lines.join("\n")}\n`;
}
