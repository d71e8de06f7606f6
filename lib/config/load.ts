import { type Dotenv, readDotenv } from "./dotenv.ts";
import { nearest } from "./nearest.ts";
import { processProblems } from "./processes.ts";
import type { Setting } from "./setting.ts";
import { SETTINGS, type Settings } from "./settings.ts";
import { withoutUserInfo } from "./values.ts";

/** What every variable of this program begins with. */
const PREFIX = "GLOSSOND_";

/** Names that the secrets file may hold, each the name of a setting without prefix. */
const SECRET_NAMES = Object.values(SETTINGS as Record<string, Setting<unknown>>)
  .filter((setting) => setting.secret).map((setting) => setting.name);

/** What each way to write to the zone needs. */
const NEEDED: Readonly<Record<Settings["dns"], readonly (keyof Settings)[]>> = {
  powerdns: ["pdnsApiUrl", "pdnsApiKey"],
  rfc2136: ["rfc2136Server", "rfc2136KeyName", "rfc2136KeySecret"],
};

/** Where a value came from. */
export type Source =
  | "environment"
  | "settings file"
  | "secrets file"
  | "default"
  | "dev default"
  | "not set";

/** A setting as `glossond config` shows it. */
export interface ShownSetting {
  /** The whole variable name. */
  variable: string;
  /** The value's text; `***` for a secret, absent when not set. */
  value?: string;
  source: Source;
  help: string;
}

/** What {@linkcode loadConfig} found. */
export interface LoadedConfig {
  /** The values; present only when there is no problem. */
  settings?: Settings;
  /** The values that can be read, whatever is wrong with others. */
  parsed: Partial<Settings>;
  shown: ShownSetting[];
  /** One sentence a problem, each with its fix; empty when all is well. */
  problems: string[];
}

/** Options for {@linkcode loadConfig}. */
export interface LoadOptions {
  /** The environment; only names with the prefix are looked at. */
  env: Record<string, string>;
  /** Text of the settings file, absent when none is named. */
  file?: string;
  /** Text of the secrets file, absent when there is no such file. */
  secrets?: string;
  /** Whether the defaults of `glossond dev` hold. @default {false} */
  dev?: boolean;
}

/** The settings file named by the environment, if there is one. */
export function settingsFileOf(env: Record<string, string>): string | undefined {
  return env[PREFIX + SETTINGS.settingsFile.name];
}

/** The secrets file named by the environment or the settings file, or the default one. */
export function secretsFileOf({ env, file = "" }: Pick<LoadOptions, "env" | "file">): string {
  const name = PREFIX + SETTINGS.secretsFile.name;
  return env[name] ?? readDotenv(file).values[name] ?? SETTINGS.secretsFile.fallback!;
}

/** Reads every setting and reports all problems at once; does no I/O. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { env, dev = false } = options;
  const problems: string[] = [];
  const file = readFile(options.file, problems);
  const secrets = readSecrets(options.secrets, problems);
  const settings: Record<string, unknown> = {};
  const shown: ShownSetting[] = [];

  for (const [key, setting] of Object.entries(SETTINGS as Record<string, Setting<unknown>>)) {
    const variable = PREFIX + setting.name;
    const { raw, source } = find(setting, env, file, secrets, dev);
    shown.push({
      variable,
      source,
      help: setting.help,
      ...(raw !== undefined && {
        value: setting.secret && raw.trim() !== "" ? "***" : withoutUserInfo(raw),
      }),
    });
    if (raw === undefined) continue;
    try {
      settings[key] = setting.parse(raw);
    } catch (error) {
      // Where a secret comes from has to be told, since it is not shown.
      const where = setting.secret ? ` (${source})` : "";
      problems.push(`${variable}${where} ${(error as Error).message}`);
    }
  }
  problems.push(
    ...unknownNames(Object.keys(env).filter((name) => name.startsWith(PREFIX))),
    ...missing(settings, problems, options),
    ...processProblems(settings),
  );
  const parsed: Partial<Settings> = settings;
  return problems.length === 0
    ? { settings: settings as Settings, parsed, shown, problems }
    : { parsed, shown, problems };
}

function find(
  setting: Setting<unknown>,
  env: Record<string, string>,
  file: Record<string, string | undefined>,
  secrets: Record<string, string | undefined>,
  dev: boolean,
): { raw?: string; source: Source } {
  const fromEnv = env[PREFIX + setting.name];
  if (fromEnv !== undefined) return { raw: fromEnv, source: "environment" };
  const fromFile = file[PREFIX + setting.name];
  if (fromFile !== undefined) return { raw: fromFile, source: "settings file" };
  const fromSecrets = setting.secret ? secrets[setting.name] : undefined;
  if (fromSecrets !== undefined) return { raw: fromSecrets, source: "secrets file" };
  if (dev && setting.dev !== undefined) return { raw: setting.dev, source: "dev default" };
  if (setting.fallback !== undefined) return { raw: setting.fallback, source: "default" };
  return { source: "not set" };
}

/** Reads the settings file strictly: what is not understood must not be taken for a default. */
function readFile(
  text: string | undefined,
  problems: string[],
): Record<string, string | undefined> {
  const { values, fault } = readDotenv(text ?? "");
  problems.push(...faults("settings", `${PREFIX}NAME`, fault));
  const own = PREFIX + SETTINGS.settingsFile.name;
  if (own in values) problems.push(`${own} cannot be set in the settings file itself`);
  problems.push(...unknownNames(Object.keys(values), "The settings file's "));
  return values;
}

function readSecrets(
  text: string | undefined,
  problems: string[],
): Record<string, string | undefined> {
  const { values, fault } = readDotenv(text ?? "");
  problems.push(...faults("secrets", SECRET_NAMES[0]!, fault));
  // Not shown: what stands where a name should be may well be the secret, as in "key==".
  const unknown = Object.keys(values).filter((name) => !SECRET_NAMES.includes(name));
  if (unknown.length > 0) {
    problems.push(
      `The secrets file holds ${
        unknown.length === 1 ? "a name that is" : `${unknown.length} names that are`
      } not known; it may hold ${SECRET_NAMES.map((name) => `${name}=…`).join(", ")}`,
    );
  }
  return values;
}

function faults(file: string, name: string, fault: Dotenv["fault"]): string[] {
  if (fault === undefined) return [];
  const where = `Line ${fault.line} of the ${file} file`;
  return fault.what === "form"
    ? [`${where} is not of the form ${name}=value`]
    : [`${where} has a # or a quotation mark in its value; put all of it in quotation marks`];
}

function missing(
  settings: Partial<Settings>,
  problems: readonly string[],
  options: LoadOptions,
): string[] {
  const { authority, dns } = settings;
  if (authority !== "acme") return [];
  const isBound = settings.acmeEabKid !== undefined || settings.acmeEabHmacKey !== undefined;
  const needed: (keyof Settings)[] = [
    "acmeEmail",
    ...isBound ? ["acmeEabKid", "acmeEabHmacKey"] as const : [],
    ...dns === undefined ? [] : NEEDED[dns],
  ];
  const told = (name: string): boolean => problems.some((p) => p.startsWith(`${PREFIX}${name} `));
  return needed.filter((key) => settings[key] === undefined)
    .map((key): Setting<unknown> => SETTINGS[key])
    .filter(({ name }) => !told(name))
    .map(({ name, secret }) =>
      secret
        ? `${name} is required with the ACME authority; put it into the secrets file ${
          secretsFileOf(options)
        }${options.secrets === undefined ? ", which is not there" : ""}`
        : `${PREFIX}${name} is required with the ACME authority; set it, or GLOSSOND_AUTHORITY=local for a trial (glossond dev does)`
    );
}

function unknownNames(names: string[], where = ""): string[] {
  const known = Object.values(SETTINGS as Record<string, Setting<unknown>>)
    .map((setting) => PREFIX + setting.name);
  return names.filter((name) => !known.includes(name)).map((name) => {
    return `${where}${name} is not a setting; did you mean ${
      nearest(name, known)
    }? (glossond config lists them all)`;
  });
}
