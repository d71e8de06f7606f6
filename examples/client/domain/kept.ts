import { join } from "node:path";
import { identityFile, readIdentityFile } from "../identity_file.ts";
import type { SavedIdentity } from "../records.ts";
import type { Log } from "../../../lib/log.ts";
import { DOMAINS_FOLDER, type State } from "../state.ts";
import { writePrivately } from "../write_privately.ts";

/** The user's account at an ACME server. */
export interface AcmeAccount {
  /** Where that server begins (RFC 8555 section 7.1.1). */
  directory: string;
  /** PKCS #8, PEM. */
  key: string;
  /** The account's URL there. */
  url: string;
  /** Authorities to trust when talking to it, besides the system's; PEM. */
  ca?: string;
}

const ACCOUNT_FILE = "acme.json";
const LIST_FILE = "domains.json";

/**
 * What is kept for the user's own domains, in a folder of the state folder. Files are whole at every moment:
 * `glosson domain` writes them beside a `run`.
 */
export class KeptDomains {
  readonly #folder: string;

  constructor(state: State) {
    this.#folder = state.path(DOMAINS_FOLDER);
  }

  /** The domains, in the order in which they were added. */
  async list(): Promise<string[]> {
    const text = await this.#read(LIST_FILE);
    return text === undefined ? [] : this.#parse<string[]>(LIST_FILE, text, Array.isArray);
  }

  /** Adds one, where it is not there. */
  async add(domain: string): Promise<void> {
    const others = (await this.list()).filter((other) => other !== domain);
    await this.#write(LIST_FILE, `${JSON.stringify([...others, domain])}\n`);
  }

  /** Removes one, with its key and certificate. */
  async remove(domain: string): Promise<void> {
    const others = (await this.list()).filter((other) => other !== domain);
    await this.#write(LIST_FILE, `${JSON.stringify(others)}\n`);
    await this.#removeIdentity(domain);
  }

  /** The account that certificates are ordered with; undefined before there is one. */
  async account(): Promise<AcmeAccount | undefined> {
    const text = await this.#read(ACCOUNT_FILE);
    if (text === undefined) return undefined;
    return this.#parse<AcmeAccount>(ACCOUNT_FILE, text, (value) => {
      const { directory, key, url } = value as Partial<AcmeAccount>;
      return [directory, key, url].every((each) => typeof each === "string");
    });
  }

  /** Keeps the account. */
  async saveAccount(account: AcmeAccount): Promise<void> {
    await this.#write(ACCOUNT_FILE, `${JSON.stringify(account, null, 2)}\n`);
  }

  /**
   * The authority had forgotten the account and registered it anew, at an address that is kept unless another account
   * is by now.
   */
  async noteRegistered(account: AcmeAccount, url: string, log: Pick<Log, "warn">): Promise<void> {
    const kept = await this.account();
    if (kept?.key !== account.key) return;
    await this.saveAccount({ ...kept, url });
    if (url === account.url) return;
    log.warn(
      "The authority had forgotten your account, which has another address now: CAA records with the former one allow it nothing",
      {
        was: account.url,
        is: url,
        fix: "glosson caa own for your page; for a domain of yours its CAA record",
      },
    );
  }

  /** Key and certificate chain of a domain, not yet judged. */
  async identity(domain: string): Promise<SavedIdentity | undefined> {
    const pem = await this.#read(`${domain}.pem`);
    return pem === undefined ? undefined : readIdentityFile(pem);
  }

  /**
   * Keeps key and chain together, unless the domain has been removed.
   *
   * @returns whether they are kept.
   */
  async saveIdentity(domain: string, identity: SavedIdentity): Promise<boolean> {
    await this.#write(`${domain}.pem`, identityFile(identity));
    // Behind the write: a removal before it is seen here, one after it takes the file along.
    if ((await this.list()).includes(domain)) return true;
    await this.#removeIdentity(domain);
    return false;
  }

  async #removeIdentity(domain: string): Promise<void> {
    await Deno.remove(join(this.#folder, `${domain}.pem`)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  #parse<T>(name: string, text: string, isOne: (value: unknown) => boolean): T {
    try {
      const value = JSON.parse(text);
      if (value !== null && isOne(value)) return value;
    } catch {
      // Told below, like any other content that this program did not write.
    }
    throw new Error(
      `Cannot read ${
        join(this.#folder, name)
      }: it is damaged; remove it and add your domains again`,
    );
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(join(this.#folder, name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async #write(name: string, text: string): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writePrivately(join(this.#folder, name), text);
  }
}
