import { connectAdmin } from "../admin/client.ts";
import { openAuthority, readCaFile, relayNames } from "../authority.ts";
import { servedFingerprint } from "../certificate/served.ts";
import { certCaa } from "./cert_caa.ts";
import { certCheck, CHECK_TONES } from "./cert_check.ts";
import { certRenew } from "./cert_renew.ts";
import { renewLive } from "./cert_renew_live.ts";
import { loadConfig } from "../config/load.ts";
import { loadOrderModules } from "../daemon/late_modules.ts";
import { openProvider } from "../dns_provider.ts";
import type { Settings } from "../config/settings.ts";
import { becomeOwner } from "../file/state_folder.ts";
import { createLog } from "../log.ts";
import { openSharedTurn } from "../store/open.ts";
import { storePlaceOf } from "../store_place.ts";
import { type Command, type CommandContext, EXIT } from "./command.ts";
import { settingsError, usageError } from "./command_line.ts";

/** The words behind `cert`, and the options that each takes. */
const WORDS: Record<string, { options: string[]; run: typeof renew }> = {
  check: { options: ["json", "dev"], run: check },
  renew: { options: ["json", "dev", "force"], run: renew },
  caa: { options: ["apply", "identity"], run: caa },
};

/** `glossond cert`. */
export const cert: Command = {
  summary: "check or renew the relay's certificate, restrict other issuers",
  help: `Usage: glossond cert check [--json]
       glossond cert renew [--force] [--json]
       glossond cert caa [--apply] [--identity NAME]

check   what is installed, by whom, until when, when renewal is due, the last
        attempt, and whether the running daemon serves it.
        Exit: 0 good, 1 due or failing, 2 missing or unusable.
renew   orders a certificate now if it is due, step by step: the running relay
        does, by its own settings; when none runs, this command by those of its
        environment.
        Exit: 0 done or not due, 1 failed, 2 failed and none usable, 3 another
        order runs, 130 stopped by Ctrl-C, 143 by SIGTERM.
caa     prints CAA records for the base domain that allow certificates by this
        ACME server, for this relay's account, by dns-01 only (RFC 8659, RFC
        8657).
        Exit: 0 done, 1 failed.

Options:
  --json   for machines
  --force  renew although it is not due
  --apply  write the records into the zone
  --identity NAME  the ACME server's name in CAA records, where it does not tell
                   it (default: GLOSSOND_CAA_IDENTITY)
  --dev    for the relay of glossond dev (check and renew)
`,
  options: {
    json: { type: "boolean" },
    force: { type: "boolean" },
    apply: { type: "boolean" },
    identity: { type: "string" },
    dev: { type: "boolean" },
  },
  takesWords: true,
  async run(context) {
    const [word = "", ...rest] = context.positionals;
    const chosen = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (chosen === undefined || rest.length > 0) {
      throw usageError("cert takes one of check, renew and caa", "cert");
    }
    const wrong = Object.keys(context.options).find((name) => !chosen.options.includes(name));
    if (wrong !== undefined) {
      throw usageError(`--${wrong} does not belong to cert ${word}`, "cert");
    }
    // Before anything is waited for.
    const stopping = word === "renew" ? stoppedBySignals(context) : undefined;
    const dev = context.options.dev === true;
    const loaded = loadConfig({ ...await context.readSettings(), dev });
    // The relay has settings of its own: what this shell lacks matters only when none runs.
    const { stateDir } = loaded.parsed;
    const relay = word === "renew" && stateDir !== undefined
      ? await connectAdmin(stateDir)
      : undefined;
    if (relay !== undefined) {
      const code = await renewLive({
        relay,
        force: context.options.force === true,
        json: context.options.json === true,
        ...(context.isTerminal && { eraseLine: () => context.erase("line") }),
        write: context.print,
        ...(stopping !== undefined && { signal: stopping.signal }),
      });
      return stopping?.exitCode(code) ?? code;
    }
    const { settings, problems } = loaded;
    if (settings === undefined) throw settingsError(problems);
    const code = await chosen.run(settings, context, stopping?.signal);
    return stopping?.exitCode(code) ?? code;
  },
};

/** Asks the relay of these settings what it serves. */
function servedBy({ pagesHost, pagesPort, baseDomain }: Settings) {
  return () => servedFingerprint({ host: pagesHost, port: pagesPort, serverName: baseDomain });
}

async function check(settings: Settings, context: CommandContext): Promise<number> {
  return await certCheck({
    stateDir: settings.stateDir,
    names: relayNames(settings),
    ...(settings.authority === "acme" && { source: settings.acmeDirectoryUrl }),
    servedFingerprint: servedBy(settings),
    json: context.options.json === true,
    write: (text) => context.print(text, CHECK_TONES),
  });
}

/** Exit codes of a program that a signal stopped, as shells have them: 128 and its number. */
const STOPPED_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** What tells that the command is to stop. */
interface Stopping {
  /** Aborted by the first signal. */
  signal: AbortSignal;
  /** The exit code of work that ended with `code`: the signal's, where it came before the work was done. */
  exitCode(code: number): number;
}

function stoppedBySignals({ onSignal }: CommandContext): Stopping {
  const stopping = new AbortController();
  let stopped: number | undefined;
  for (const [signal, code] of Object.entries(STOPPED_EXIT)) {
    onSignal(signal as keyof typeof STOPPED_EXIT, () => {
      stopped ??= code;
      stopping.abort(new Error(`stopped by ${signal}`));
    });
  }
  return {
    signal: stopping.signal,
    exitCode: (code) => code === EXIT.ok ? code : stopped ?? code,
  };
}

async function renew(
  settings: Settings,
  context: CommandContext,
  signal?: AbortSignal,
): Promise<number> {
  // Read before: it may be for root alone.
  const caPem = await readCaFile(settings);
  const turn = await openSharedTurn(await storePlaceOf(settings));
  await loadOrderModules(settings);
  becomeOwner(settings.stateDir);
  const { authority, close } = await openAuthority(settings, quietLog(context), { caPem, turn });
  try {
    return await certRenew({
      authority,
      names: relayNames(settings),
      stateDir: settings.stateDir,
      force: context.options.force === true,
      json: context.options.json === true,
      ...(context.isTerminal && { eraseLine: () => context.erase("line") }),
      write: context.print,
      servedFingerprint: servedBy(settings),
      ...(signal !== undefined && { signal }),
    });
  } finally {
    // What is told to stop ends with this process.
    if (!signal?.aborted) await close();
  }
}

async function caa(settings: Settings, context: CommandContext): Promise<number> {
  if (settings.authority !== "acme") {
    context.printError("glossond: CAA records are for GLOSSOND_AUTHORITY=acme; local needs none\n");
    return EXIT.usage;
  }
  const caPem = await readCaFile(settings);
  await certCaa({
    stateDir: settings.stateDir,
    baseDomain: settings.baseDomain,
    directoryUrl: settings.acmeDirectoryUrl,
    ...(caPem !== undefined && { caPem }),
    identity: typeof context.options.identity === "string"
      ? context.options.identity
      : settings.caaIdentity,
    ...(context.options.apply === true && { applyTo: () => openProvider(settings) }),
    write: context.print,
  });
  return EXIT.ok;
}

/** What a command does besides its steps is worth a line only when something is wrong. */
function quietLog({ printError }: CommandContext): ReturnType<typeof createLog> {
  return createLog({ level: "warn", write: (line) => printError(`${line}\n`) });
}
