import { hostOfRelay } from "./wire/names.ts";
import { type AcmeAuthorityOptions, openAcmeAuthority } from "./acme/acme_authority.ts";
import type { Authority } from "./certificate/authority.ts";
import { openLocalAuthority } from "./certificate/local_authority.ts";
import { openProvider } from "./dns_provider.ts";
import type { NameKeeper, NameKeeperOptions } from "./dns/name_keeper.ts";
import type { Settings } from "./config/settings.ts";
import type { Log } from "./log.ts";
import type { SharedTurn } from "./store/shared_turn.ts";
import { SOFTWARE } from "./version.ts";

/** Names of this machine in the relay's certificate of the local authority, for clients on it. */
const LOCAL_NAMES = ["localhost", "127.0.0.1"];

/** An opened authority and how to end it. */
export interface OpenedAuthority {
  authority: Authority;
  /** Keeps users' names in the DNS; absent where the authority needs none. */
  names?: NameKeeper;
  close(): Promise<void>;
}

/** What {@linkcode openAuthority} takes besides the settings. */
export interface AuthorityParts {
  /** What {@linkcode readCaFile} read. */
  caPem: string | undefined;
  /** What relays that share the zone take turns by; closed with the authority. */
  turn: SharedTurn | undefined;
  /** Who has users' names, for the daemon, which keeps them in the DNS. */
  names?: Pick<NameKeeperOptions, "store" | "claimed" | "isClaimed">;
  /** Who alone may order for these names, as their users asked. */
  caa?: Omit<NonNullable<AcmeAuthorityOptions["caa"]>, "identity">;
}

/** Opens the authority that the settings name. */
export async function openAuthority(
  settings: Readonly<Settings>,
  log: Log,
  { caPem, turn, names, caa }: AuthorityParts,
): Promise<OpenedAuthority> {
  const { stateDir, baseDomain } = settings;
  if (settings.authority === "local") {
    const authority = await openLocalAuthority({ stateDir, baseDomain });
    return { authority, close: async () => await turn?.close() };
  }
  const authority = await openAcmeAuthority({
    stateDir,
    directoryUrl: settings.acmeDirectoryUrl,
    dns: await openProvider(settings, {
      onRetry: (why) => log.info("DNS server is asked again", { why }),
    }),
    dnsServers: settings.dnsServers,
    userAgent: SOFTWARE,
    ...(caPem !== undefined && { caPem }),
    ...(turn !== undefined && { turn }),
    ...(settings.acmeEmail !== undefined && { email: settings.acmeEmail }),
    ...externalAccountOf(settings),
    ...(settings.acmeProfile !== undefined && { profile: settings.acmeProfile }),
    ...(names !== undefined && { names: { ...names, baseDomain } }),
    ...(caa !== undefined && {
      caa: { ...caa, identity: settings.caaIdentity },
    }),
    onNote: (note, fields) => log.info(note, fields),
  });
  return {
    authority,
    ...(authority.names !== undefined && { names: authority.names }),
    close: () => authority.close(),
  };
}

function externalAccountOf({ acmeEabKid: kid, acmeEabHmacKey: hmacKey }: Settings) {
  return kid === undefined || hmacKey === undefined ? {} : { externalAccount: { kid, hmacKey } };
}

/** The private ACME server's root, PEM; undefined when none is set. */
export async function readCaFile(settings: Settings): Promise<string | undefined> {
  const file = settings.acmeCaFile;
  if (file === undefined || settings.authority !== "acme") return undefined;
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new Error(`Cannot read GLOSSOND_ACME_CA_FILE ${file}: ${(error as Error).message}`);
  }
}

/**
 * The names that the API answers to, the public one first.
 *
 * With the local authority, which only this machine's people trust, also the names of this machine in
 * its certificate: they are nobody's page, so a request for them that comes here was meant for here.
 * They are for the control port, the hub takes them for names that are not ours.
 */
export function controlNames({ authority, baseDomain }: Settings): string[] {
  return [hostOfRelay(baseDomain), ...(authority === "local" ? LOCAL_NAMES : [])];
}

/** The names that the relay's own certificate carries. */
export function relayNames({ authority, baseDomain }: Settings): string[] {
  return [baseDomain, `*.${baseDomain}`, ...(authority === "local" ? LOCAL_NAMES : [])];
}
