import { join } from "node:path";
import { identityFile, readIdentityFile } from "./identity_file.ts";
import type {
  Account,
  PendingCertificate,
  PendingClaim,
  RunningState,
  SavedIdentity,
} from "./records.ts";
import { writePrivately } from "./write_privately.ts";

/** Mode of the folder: its owner only. */
const FOLDER_MODE = 0o700;

/** Lists: fingerprints of keys that were had, ids of certificates in public logs that are in order. */
export type ListName = "keys.json" | "logged.json";

/** In it what is kept for the user's own domains. */
export const DOMAINS_FOLDER = "domains";

/** There is no account in the state folder. */
export class NothingSetUp extends Error {
  override readonly name = "NothingSetUp";

  constructor(folder: string) {
    super(`Nothing is set up in ${folder}; begin with glosson setup NAME --relay URL`);
  }
}

/**
 * The files of one account.
 *
 * Each is written aside and renamed, so that it is whole at every moment; key and chain share one
 * file, so that they cannot come apart.
 */
export class State {
  /** Path of the folder. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Path of a file in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Makes the folder, for its owner only; one that has other files in it keeps its mode. */
  async create(): Promise<void> {
    await Deno.mkdir(this.folder, { recursive: true, mode: FOLDER_MODE });
    if (Deno.build.os === "windows") return;
    for await (const _ of Deno.readDir(this.folder)) return;
    await Deno.chmod(this.folder, FOLDER_MODE);
  }

  /** The account, or undefined before `setup` went through. */
  account(): Promise<Account | undefined> {
    return this.#readJson<Account>("account.json", ["username", "hostname", "relay", "token"]);
  }

  /**
   * The account.
   *
   * @throws {NothingSetUp} before `setup` went through.
   */
  async neededAccount(): Promise<Account> {
    const account = await this.account();
    if (account !== undefined) return account;
    throw new NothingSetUp(this.folder);
  }

  /** Forgets the account and what belongs to it, but for which keys there were. */
  async forgetAccount(): Promise<void> {
    await this.forgetIdentity();
    for (const name of ["account.json", "former.json", "claim.json", "ca.pem"]) {
      await this.#remove(name);
    }
    await Deno.remove(this.path(DOMAINS_FOLDER), { recursive: true }).catch(ifThere);
  }

  /** The account that a `rename` under way is to give back. */
  formerAccount(): Promise<Account | undefined> {
    return this.#readJson<Account>("former.json", ["username", "hostname", "relay", "token"]);
  }

  /** Keeps it, or forgets it. */
  saveFormerAccount(account: Account | undefined): Promise<void> {
    return this.#writeJson("former.json", account);
  }

  /** Keeps the account. */
  saveAccount(account: Account): Promise<void> {
    return this.#writeJson("account.json", account);
  }

  /** The claim of an unfinished `setup`. */
  claim(): Promise<PendingClaim | undefined> {
    return this.#readJson<PendingClaim>("claim.json", ["username", "claim", "code", "expiresAt"]);
  }

  /** Keeps a claim, or forgets it. */
  saveClaim(claim: PendingClaim | undefined): Promise<void> {
    return this.#writeJson("claim.json", claim);
  }

  /** The certificate request under way. */
  pendingCertificate(): Promise<PendingCertificate | undefined> {
    return this.#readJson<PendingCertificate>("request.json", ["id", "key"]);
  }

  /** Keeps a certificate request, or forgets it. */
  savePendingCertificate(pending: PendingCertificate | undefined): Promise<void> {
    return this.#writeJson("request.json", pending);
  }

  /** Key and certificate chain, not yet judged. */
  async identity(): Promise<SavedIdentity | undefined> {
    const pem = await this.#read("identity.pem");
    return pem === undefined ? undefined : readIdentityFile(pem);
  }

  /** Keeps key and chain together. */
  saveIdentity(identity: SavedIdentity): Promise<void> {
    return this.#write("identity.pem", identityFile(identity));
  }

  /** What a list has, oldest first; empty where there is none that can be read. */
  async list(name: ListName): Promise<string[]> {
    try {
      const list: unknown = JSON.parse(await this.#read(name) ?? "[]");
      return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
    } catch {
      return [];
    }
  }

  /** Keeps a list. */
  saveList(name: ListName, list: readonly string[]): Promise<void> {
    return this.#writeJson(name, list);
  }

  /**
   * Forgets key, chain and request: another name has no use for them. Which keys there were stays known, for
   * certificates of a name that comes back.
   */
  async forgetIdentity(): Promise<void> {
    await this.#remove("logged.json");
    await this.#remove("identity.pem");
    await this.#remove("request.json");
  }

  /** What the `glosson run` that holds the lock says of itself; stale when none holds it. */
  async running(): Promise<RunningState | undefined> {
    return await this.#readJson<RunningState>("running.json", ["since"]).catch(() => undefined);
  }

  /** Keeps what a `glosson run` says of itself, or forgets it. */
  saveRunning(running: RunningState | undefined): Promise<void> {
    return this.#writeJson("running.json", running);
  }

  /** Addresses that this computer had in networks where only WebSockets reach the relay, newest last. */
  async webSocketNetworks(): Promise<string[]> {
    const read = this.#readJson<{ addresses?: unknown }>("networks.json", []);
    const addresses = (await read.catch(() => undefined))?.addresses;
    return Array.isArray(addresses) ? addresses.filter((one) => typeof one === "string") : [];
  }

  /** Keeps them. */
  saveWebSocketNetworks(addresses: readonly string[]): Promise<void> {
    return this.#writeJson("networks.json", { addresses });
  }

  /** Further authorities to trust when talking to the relay, PEM. */
  async ca(): Promise<string | undefined> {
    const pem = await this.#read("ca.pem");
    if (pem !== undefined && !pem.includes("-----BEGIN CERTIFICATE-----")) {
      throw this.#damaged("ca.pem");
    }
    return pem;
  }

  /** Keeps further authorities, or forgets them. */
  async saveCa(pem: string | undefined): Promise<void> {
    await (pem === undefined ? this.#remove("ca.pem") : this.#write("ca.pem", pem));
  }

  async #readJson<T>(name: string, members: (keyof T)[]): Promise<T | undefined> {
    const text = await this.#read(name);
    if (text === undefined) return undefined;
    try {
      const value = JSON.parse(text) as T | null;
      if (members.every((member) => typeof value?.[member] === "string")) return value as T;
    } catch {
      // Reported below like any other content that this program did not write.
    }
    throw this.#damaged(name);
  }

  #damaged(name: string): Error {
    return new Error(`Cannot read ${this.path(name)}: it is damaged; remove it and set up again`);
  }

  async #writeJson(name: string, value: unknown): Promise<void> {
    if (value === undefined) return await this.#remove(name);
    await this.#write(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(this.path(name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async #write(name: string, text: string): Promise<void> {
    await this.create();
    await writePrivately(this.path(name), text);
  }

  async #remove(name: string): Promise<void> {
    await Deno.remove(this.path(name)).catch(ifThere);
  }
}

function ifThere(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
