import type { DomainOwners } from "../domains.ts";

/** Whose domain is whose, as it is in memory. */
export class KnownDomains implements DomainOwners {
  readonly #owners = new Map<string, string>();
  readonly #ofUser = new Map<string, readonly string[]>();

  of(domain: string): string | undefined {
    return this.#owners.get(domain);
  }

  /** A user has these and no others. */
  set(username: string, domains: readonly string[]): void {
    for (const domain of this.#ofUser.get(username) ?? []) {
      // It may be another user's by now.
      if (this.#owners.get(domain) === username) this.#owners.delete(domain);
    }
    for (const domain of domains) this.#owners.set(domain, username);
    if (domains.length > 0) this.#ofUser.set(username, domains);
    else this.#ofUser.delete(username);
  }

  clear(): void {
    this.#owners.clear();
    this.#ofUser.clear();
  }
}
