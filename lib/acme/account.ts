import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import { AcmeProblem } from "./problem.ts";
import type { AcmeTransport } from "./transport.ts";
import { type AcmeSession, type ExternalAccount, openAcmeSession } from "./session.ts";
import { readIfThere, writeDurably } from "../file/durable.ts";
import { makeKey } from "../pki/keys.ts";
import { acquireLock } from "../file/lock.ts";

const ACCOUNTS_FILE = "acme-accounts.json";
const LOCK_FILE = "acme-accounts.lock";

/** How long another process may take to register. */
const LOCK_WAIT_MS = 60_000;

/** An account at an ACME server. */
export interface AcmeAccount {
  /** PEM private key, ECDSA P-256. */
  key: string;
  /** Its URL there; absent until it is registered. */
  url?: string;
  /** The contact that it was registered with last. */
  email?: string;
}

/** Options for {@linkcode openAccountSession}. */
export interface AccountOptions {
  stateDir: string;
  transport: AcmeTransport;
  directoryUrl: string;
  email?: string;
  /** What a new account is bound to, where the server wants that. */
  externalAccount?: ExternalAccount;
  onStep?: (step: string, fields?: Record<string, unknown>) => void;
}

/**
 * Reads the account kept for a directory; undefined when there is none yet.
 *
 * Accounts are kept by directory URL, so that a trial with a staging server does not cost the
 * production account.
 */
export async function readAccount(
  stateDir: string,
  directoryUrl: string,
): Promise<AcmeAccount | undefined> {
  return (await readAccounts(stateDir))[directoryUrl];
}

/**
 * Opens a session of the relay's account, which is registered when it is not there yet.
 *
 * Registering accepts the server's terms of service: to configure the ACME authority says so. The
 * key is on the disk before the server hears of it, so no crash loses an account.
 *
 * @throws {Error} as the transport, and when the server wants more than a key and an address.
 */
export async function openAccountSession(options: AccountOptions): Promise<AcmeSession> {
  const { stateDir, transport, directoryUrl, email } = options;
  const known = await readAccount(stateDir, directoryUrl);
  if (known?.url !== undefined && known.email === email) {
    return await openAcmeSession(transport, directoryUrl, known);
  }
  return await underLock(stateDir, () => register(options));
}

async function underLock<T>(stateDir: string, action: () => Promise<T>): Promise<T> {
  const lock = await acquireLock(join(stateDir, LOCK_FILE), {
    owner: "registration",
    waitMs: LOCK_WAIT_MS,
  });
  if (lock === undefined) throw new Error("Cannot register: another process is at it for a minute");
  try {
    return await action();
  } finally {
    lock.release();
  }
}

/** What an error of the server says about the account, when it has to be replaced. */
export type LostAccount = "unknown" | "deactivated";

/** Problems that may be about the account; of the last two the server is asked. */
const ACCOUNT_PROBLEMS = ["accountDoesNotExist", "unauthorized", "malformed"];

/**
 * Drops from an account what the server takes no longer, so that the next session registers anew: the
 * URL of one that it does not know, or not with this key (another program has changed it, section 7.3.5);
 * the key too of one that was deactivated (RFC 8555, section 7.3.6).
 *
 * @returns undefined when the error is about something else.
 * @throws {Error} when the server does not take the account and says not why, as after a revocation:
 * that is for people to clear up. The message has the fix.
 */
export async function dropLostAccount(
  error: unknown,
  options: Pick<AccountOptions, "stateDir" | "transport" | "directoryUrl">,
): Promise<LostAccount | undefined> {
  const { stateDir, transport, directoryUrl } = options;
  if (!(error instanceof AcmeProblem)) return undefined;
  if (!ACCOUNT_PROBLEMS.includes(error.type)) return undefined;
  const account = await readAccount(stateDir, directoryUrl);
  if (account === undefined) return undefined;
  let lost: LostAccount = "unknown";
  const refusal = error.type === "accountDoesNotExist" || account.url === undefined
    ? error
    : await refusalOf(await openAcmeSession(transport, directoryUrl, account), account.url);
  // A name or an order was refused: the account is as good as before.
  if (!(refusal instanceof AcmeProblem) || !ACCOUNT_PROBLEMS.includes(refusal.type)) {
    return undefined;
  }
  // A new account's request that is malformed would be so again.
  if (refusal.type === "malformed" && account.url === undefined) return undefined;
  if (refusal.type === "unauthorized") {
    // No type of its own tells it: only the text, in which every server has this word.
    if (!/\bdeactivated\b/i.test(`${refusal.message} ${error.message}`)) {
      throw new Error(
        `${refusal.message}: it does not take the relay's account any more. Ask whoever runs it; to go on with a new account, remove ${
          join(stateDir, ACCOUNTS_FILE)
        } and run glossond cert renew`,
        { cause: error },
      );
    }
    lost = "deactivated";
  }
  await underLock(stateDir, async () => {
    const { [directoryUrl]: now, ...others } = await readAccounts(stateDir);
    // Another order may have replaced it meanwhile.
    if (now === undefined || now.key !== account.key || now.url !== account.url) return;
    const kept = lost === "unknown" ? { [directoryUrl]: { key: now.key } } : {};
    await writeAccounts(stateDir, { ...others, ...kept });
  });
  return lost;
}

/** What the server says against an account; undefined where it takes it. */
async function refusalOf(session: AcmeSession, url: string): Promise<unknown> {
  return await session.post(url, {}).then(() => undefined, (refused) => refused);
}

async function register(options: AccountOptions): Promise<AcmeSession> {
  const { stateDir, transport, directoryUrl, email, externalAccount, onStep } = options;
  const accounts = await readAccounts(stateDir);
  let account = accounts[directoryUrl];
  if (account === undefined) {
    account = { key: await makeKey() };
    await writeAccounts(stateDir, { ...accounts, [directoryUrl]: account });
  }
  const session = await openAcmeSession(transport, directoryUrl, account, externalAccount);
  const contact = email === undefined ? [] : [`mailto:${email}`];
  if (account.url === undefined) {
    const { meta } = await session.directory();
    if (meta?.externalAccountRequired && externalAccount === undefined) {
      throw new Error(
        `${directoryUrl} wants an external account binding: get a key id and a key from whoever runs it, and set GLOSSOND_ACME_EAB_KID and ACME_EAB_HMAC_KEY`,
      );
    }
    account.url = await session.register({ termsOfServiceAgreed: true, contact })
      .catch((error) => {
        throw externalAccount === undefined ? error : bindingError(error, directoryUrl);
      });
    onStep?.("ACME account registered", { account: account.url, terms: meta?.termsOfService });
  } else if (account.email !== email) {
    await session.post(account.url, { contact });
    onStep?.("ACME account's contact changed", { account: account.url });
  }
  account.email = email;
  await writeAccounts(stateDir, { ...accounts, [directoryUrl]: account });
  return session;
}

/** What a refusal of a registration is about: the binding, where it is not for now only. */
function bindingError(error: unknown, directoryUrl: string): unknown {
  if (!(error instanceof AcmeProblem) || error.status === 429 || error.status >= 500) return error;
  return new Error(
    `${directoryUrl} does not take the account with this external account binding: ${error.message}; compare GLOSSOND_ACME_EAB_KID and ACME_EAB_HMAC_KEY with what its company gave you`,
    { cause: error },
  );
}

async function readAccounts(stateDir: string): Promise<Record<string, AcmeAccount>> {
  const path = join(stateDir, ACCOUNTS_FILE);
  const text = await readIfThere(path) ?? "{}";
  let accounts: unknown;
  try {
    accounts = JSON.parse(text);
  } catch {
    // Judged below together with JSON that holds something else.
  }
  if (holdsAccounts(accounts)) return accounts;
  throw new Error(
    `Cannot read ${path}: it does not hold ACME accounts; restore it, or remove it to register anew`,
  );
}

function holdsAccounts(value: unknown): value is Record<string, AcmeAccount> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((account) =>
    isKey(account?.key) && (account.url === undefined || URL.canParse(account.url))
  );
}

function isKey(value: unknown): boolean {
  if (typeof value !== "string" || !/-----BEGIN (?:EC )?PRIVATE KEY-----/.test(value)) return false;
  try {
    return createPrivateKey(value).type === "private";
  } catch {
    return false;
  }
}

async function writeAccounts(
  stateDir: string,
  accounts: Record<string, AcmeAccount>,
): Promise<void> {
  await writeDurably(join(stateDir, ACCOUNTS_FILE), JSON.stringify(accounts, null, 2), 0o600);
}
