import type { Issuer } from "../store/caa.ts";
import { type AccountOptions, type AcmeAccount, readAccount } from "./account.ts";
import { openAcmeSession } from "./session.ts";

/** How long a server that did not tell its name is not asked again, milliseconds. */
const ASK_AGAIN_MS = 60_000;

/** Options for {@linkcode issuerReader}. */
export interface IssuerOptions extends Pick<AccountOptions, "stateDir" | "directoryUrl"> {
  /** The caller's to close. */
  transport: AccountOptions["transport"];
  /** The server's name in CAA records, for one that does not tell it. */
  identity?: string | undefined;
  /** Clock in milliseconds that never goes back. @default {performance.now} */
  now?: () => number;
}

/**
 * Makes what tells with which account this relay orders by now. The server is asked for its name once, by one
 * request whoever waits for it; where it fails to tell, that holds for a minute.
 *
 * It rejects with what to do where there is no account yet, or the server tells no name; and as the transport.
 */
export function issuerReader(options: IssuerOptions): () => Promise<Issuer> {
  const { stateDir, directoryUrl, transport, identity, now = () => performance.now() } = options;
  let asked: Promise<string> | undefined;
  let failedAt: number | undefined;

  async function ask(account: AcmeAccount): Promise<string> {
    const session = await openAcmeSession(transport, directoryUrl, account);
    const told = (await session.directory()).meta?.caaIdentities?.[0];
    if (told !== undefined) return told;
    throw new Error(
      "The ACME server does not tell its CAA identity: name it with GLOSSOND_CAA_IDENTITY",
    );
  }

  function authority(account: AcmeAccount): Promise<string> {
    if (failedAt !== undefined && now() - failedAt >= ASK_AGAIN_MS) asked = failedAt = undefined;
    return asked ??= ask(account).catch((error) => {
      failedAt = now();
      throw error;
    });
  }

  return async () => {
    const account = await readAccount(stateDir, directoryUrl);
    if (account?.url === undefined) {
      throw new Error(
        `There is no account at ${directoryUrl} yet: let the daemon or \`glossond cert renew\` order first`,
      );
    }
    return { authority: identity ?? await authority(account), accountUrl: account.url };
  };
}
