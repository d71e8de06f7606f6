import type { Issuer } from "../store/caa.ts";
import { type AccountOptions, readAccount } from "./account.ts";
import { openAcmeSession } from "./session.ts";

/** Options for {@linkcode issuerReader}. */
export interface IssuerOptions extends Pick<AccountOptions, "stateDir" | "directoryUrl"> {
  /** The caller's to close. */
  transport: AccountOptions["transport"];
  /** The server's name in CAA records, for one that does not tell it. */
  identity?: string | undefined;
}

/**
 * Makes what tells with which account this relay orders by now. The server is asked for its name once.
 *
 * It rejects with what to do where there is no account yet, or the server tells no name; and as the transport.
 */
export function issuerReader(options: IssuerOptions): () => Promise<Issuer> {
  const { stateDir, directoryUrl, transport } = options;
  let { identity } = options;
  return async () => {
    const account = await readAccount(stateDir, directoryUrl);
    if (account?.url === undefined) {
      throw new Error(
        `There is no account at ${directoryUrl} yet: let the daemon or \`glossond cert renew\` order first`,
      );
    }
    identity ??= (await openAcmeSession(transport, directoryUrl, account).directory()).meta
      ?.caaIdentities?.[0];
    if (identity === undefined) {
      throw new Error(
        "The ACME server does not tell its CAA identity: name it with GLOSSOND_CAA_IDENTITY",
      );
    }
    return { authority: identity, accountUrl: account.url };
  };
}
