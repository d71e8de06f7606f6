import type { Opening } from "./read_hello.ts";
import type { KeyAndChain, TlsEnd } from "./tls_end.ts";

/** What a certificate authority asks for who proves a name by TLS-ALPN-01 (RFC 8737 section 6.2). */
export const ACME_PROTOCOL = "acme-tls/1";

/** Options for {@linkcode TlsEnds}. */
export interface TlsEndsOptions {
  /** Makes an end for visitors. */
  open: (identity: KeyAndChain) => Promise<TlsEnd> | TlsEnd;
  /** Makes one that does the handshake for an authority, and nothing else. */
  openProof: (identity: KeyAndChain) => Promise<TlsEnd> | TlsEnd;
}

/**
 * Where visitors' TLS ends, by the name that they ask for: the page's own name and each domain of the user's
 * has a server of its own, with its key and certificate.
 */
export class TlsEnds {
  readonly #options: TlsEndsOptions;
  /** The page's own name, and whatever is asked for besides those below. */
  #main: TlsEnd | undefined;
  readonly #named = new Map<string, TlsEnd>();
  readonly #proofs = new Map<string, TlsEnd>();
  #closed = false;

  constructor(options: TlsEndsOptions) {
    this.#options = options;
  }

  /** The end of the page's own name; undefined before the first {@linkcode TlsEnds.use}. */
  get main(): TlsEnd | undefined {
    return this.#main;
  }

  /** Whether it depends on the hello which of them is taken. */
  get areSeveral(): boolean {
    return this.#named.size + this.#proofs.size > 0;
  }

  /** Serves new connections with this from now on; throws as {@linkcode TlsEnd.use}. */
  async use(identity: KeyAndChain): Promise<void> {
    if (this.#main === undefined) this.#main = await this.#options.open(identity);
    else this.#main.use(identity);
  }

  /** The same for those who ask for a domain; undefined: for nobody any more. */
  useFor(domain: string, identity: KeyAndChain | undefined): Promise<void> {
    return this.#set(this.#named, domain, identity, this.#options.open);
  }

  /** Proves a domain to an authority by this certificate, until it is called without one. */
  prove(domain: string, identity: KeyAndChain | undefined): Promise<void> {
    return this.#set(this.#proofs, domain, identity, this.#options.openProof);
  }

  /** The end that a connection is for; undefined where an authority asks for a proof and there is none. */
  of({ serverName = "", alpn }: Opening): TlsEnd | undefined {
    if (alpn.includes(ACME_PROTOCOL)) return this.#proofs.get(serverName);
    return this.#named.get(serverName) ?? this.#main;
  }

  /** Takes no more connections. */
  close(): void {
    this.#closed = true;
    this.#main?.close();
    for (const end of [...this.#named.values(), ...this.#proofs.values()]) end.close();
  }

  async #set(
    ends: Map<string, TlsEnd>,
    domain: string,
    identity: KeyAndChain | undefined,
    open: TlsEndsOptions["open"],
  ): Promise<void> {
    if (this.#closed) return;
    const end = ends.get(domain);
    if (identity === undefined) {
      ends.delete(domain);
      end?.close();
    } else if (end === undefined) {
      ends.set(domain, await open(identity));
    } else {
      end.use(identity);
    }
  }
}
