import { shown } from "../problem.ts";
import { readPem } from "../read_pem.ts";
import type { SetupWorld } from "../setup.ts";
import type { AcmeTerms } from "./acme.ts";
import { type AcmeOptions, LETS_ENCRYPT } from "./arguments.ts";
import type { AcmeAccount, KeptDomains } from "./kept.ts";
import { openAcme } from "./open_acme.ts";

/** What {@linkcode acmeAccount} goes by. */
export interface AcmeAccountOptions extends AcmeOptions {
  /** Names whose certificates the account that there is orders, and which stay with it. */
  others: readonly string[];
}

/**
 * The user's account at the authority that was named, or the one that there is; registers one if need be.
 *
 * @throws {Error} with a message for the person.
 */
export async function acmeAccount(
  { acme: named, acmeCa, email, agree, others }: AcmeAccountOptions,
  kept: KeptDomains,
  { say, now }: Pick<SetupWorld, "say" | "now">,
): Promise<{ acme: AcmeAccount; terms: AcmeTerms }> {
  const known = await kept.account();
  const directory = named ?? known?.directory ?? LETS_ENCRYPT;
  const isKnown = known?.directory === directory;
  if (known !== undefined && !isKnown && others.length > 0) {
    // Their CAA records name this account.
    throw new Error(
      `One account serves all your domains, and ${
        others.join(", ")
      } renews at ${known.directory}: leave --acme out, or give them up there first (glosson domain remove, glosson caa off)`,
    );
  }
  const ca = acmeCa !== undefined
    ? await readPem(acmeCa, "the authority given with --acme-ca")
    : isKnown
    ? known.ca
    : undefined;
  const server = await openAcme({ directory, now, ...(ca !== undefined && { ca }) });
  try {
    const terms = await server.terms();
    if (isKnown) {
      const acme = { ...known, ...(ca !== undefined && { ca }) };
      if (ca !== known.ca) await kept.saveAccount(acme);
      return { acme, terms };
    }
    if (!agree) {
      const where = terms.terms === undefined ? "" : ` (${shown(terms.terms)})`;
      throw new Error(
        `The certificate comes from ${directory}. Read its terms${where}, and say --agree-terms if you agree`,
      );
    }
    const acme = { directory, ...await server.register(email), ...(ca !== undefined && { ca }) };
    await kept.saveAccount(acme);
    say(`You have an account of your own at ${new URL(directory).host}: ${shown(acme.url)}`);
    return { acme, terms };
  } finally {
    server.close();
  }
}
