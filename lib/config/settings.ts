/**
 * The settings: what there is, how it is read, where it came from. Imports `wire` and `log.ts`.
 *
 * @module
 */
import { LOG_LEVELS } from "../log.ts";
import { CERTIFICATE_SETTINGS } from "./certificate_settings.ts";
import { domain } from "./hosts.ts";
import { LIMIT_SETTINGS } from "./limit_settings.ts";
import { LISTENER_SETTINGS } from "./listener_settings.ts";
import { PAGE_SETTINGS } from "./page_settings.ts";
import { optional, required, type Setting } from "./setting.ts";
import { parsePostgresUrl } from "../wire/postgres_url.ts";
import { integer, oneOf, path, programOrUrl } from "./values.ts";

/** Every setting, in the order in which `glossond config` shows them. */
export const SETTINGS = {
  baseDomain: required(
    "BASE_DOMAIN",
    domain,
    "glosson.kaylee.wtf",
    "Users are served at USER.BASE_DOMAIN",
    { dev: "glosson.localhost" },
  ),
  settingsFile: optional(
    "SETTINGS_FILE",
    path,
    "More settings, in dotenv syntax; the environment's go before; read again on SIGHUP",
  ),
  stateDir: required("STATE_DIR", path, "./state", "Folder of the database and certificates", {
    dev: "./state/dev",
  }),
  secretsFile: required(
    "SECRETS_FILE",
    path,
    "./.secrets",
    "Secrets in dotenv syntax: POWERDNS_API_KEY or RFC2136_KEY_SECRET, ACME_EAB_HMAC_KEY, DATABASE_URL, ON_TROUBLE",
  ),
  bioScript: required(
    "GET_BIO_SCRIPT",
    path,
    "./get_bio.py",
    "Python program that prints a user's public bio",
    { dev: "./get_bio.example.py", live: true },
  ),

  ...LISTENER_SETTINGS,
  ...PAGE_SETTINGS,
  ...CERTIFICATE_SETTINGS,
  ...LIMIT_SETTINGS,

  databaseUrl: optional(
    "DATABASE_URL",
    parsePostgresUrl,
    "PostgreSQL in the place of the embedded database, postgres://USER:PASSWORD@HOST/DATABASE, with standbys HOST,HOST; better in the secrets file, there without prefix",
    { secret: true },
  ),
  databaseCaFile: optional(
    "DATABASE_CA_FILE",
    path,
    "PEM file of the authority that signed the PostgreSQL server's certificate",
  ),
  onTrouble: optional(
    "ON_TROUBLE",
    programOrUrl,
    "Python program, or URL, that is told of trouble and of its end; a URL is better in the secrets file, there without prefix",
    { secret: true, live: true },
  ),
  minFreeMib: required(
    "MIN_FREE_MIB",
    integer(0, 1_000_000_000),
    "256",
    "MiB that are to be free on the disk of the state folder: below it is trouble",
    { live: true },
  ),
  log: required(
    "LOG",
    oneOf("text", "json"),
    "text",
    "Form of the log on standard error: text or json",
  ),
  logLevel: required(
    "LOG_LEVEL",
    oneOf(...LOG_LEVELS),
    "info",
    "Lowest level that is logged: debug, info, warn or error",
    {
      live: true,
    },
  ),
} satisfies Record<string, Setting<unknown>>;

/** The settings' values, as the daemon takes them. */
export type Settings = {
  [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};
