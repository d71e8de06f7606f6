import { ACME_PROTOCOL } from "./proof.ts";
import type { Opening } from "./read_hello.ts";
import type { KeyAndChain, TlsEnd } from "./tls_end.ts";

/** Makes a server for visitors. */
type Open = (identity: KeyAndChain) => Promise<TlsEnd> | TlsEnd;

/**
 * Where visitors' TLS ends, by the name that they ask for: the page's own name and each domain of the user's
 * has a server of its own, with its key and certificate.
 */
export class TlsEnds {
  readonly #open: Open;
  readonly #onChange: (end: TlsEnd) => void;
  /** The page's own name, and whatever is asked for besides those below. */
  #main: TlsEnd | undefined;
  readonly #named = new Map<string, TlsEnd>();
  readonly #proofs = new Map<string, KeyAndChain>();
  #closed = false;

  /** @param onChange told of one that has another certificate from now on, or is closed. */
  constructor(open: Open, onChange: (end: TlsEnd) => void = () => {}) {
    this.#open = open;
    this.#onChange = onChange;
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
    if (this.#main === undefined) this.#main = await this.#opened(identity);
    else this.#change(this.#main, identity);
  }

  /** The same for those who ask for a domain; undefined: for nobody any more. */
  async useFor(domain: string, identity: KeyAndChain | undefined): Promise<void> {
    if (this.#closed) return;
    const end = this.#named.get(domain);
    if (identity === undefined) {
      this.#named.delete(domain);
      end?.close();
      if (end !== undefined) this.#onChange(end);
    } else if (end === undefined) {
      this.#named.set(domain, await this.#opened(identity));
    } else {
      this.#change(end, identity);
    }
  }

  #change(end: TlsEnd, identity: KeyAndChain): void {
    end.use(identity);
    this.#onChange(end);
  }

  /** Proves a domain to an authority (RFC 8737) by this certificate, until it is called without one. */
  prove(domain: string, identity: KeyAndChain | undefined): void {
    if (identity === undefined) this.#proofs.delete(domain);
    else this.#proofs.set(domain, identity);
  }

  /** What a connection is for: a server, or the proof that an authority asks for if there is one. */
  of({ serverName = "", alpn }: Opening): { tls?: TlsEnd | undefined; proof?: KeyAndChain } {
    // An authority offers this protocol alone (RFC 8737 section 3): whoever offers others too is none.
    const proof = alpn.length === 1 && alpn[0] === ACME_PROTOCOL
      ? this.#proofs.get(serverName)
      : undefined;
    // The servers refuse those by themselves with whom they have no protocol in common (RFC 7301).
    return proof === undefined ? { tls: this.#named.get(serverName) ?? this.#main } : { proof };
  }

  /** A further end, closed already if all were meanwhile. */
  async #opened(identity: KeyAndChain): Promise<TlsEnd> {
    const end = await this.#open(identity);
    if (this.#closed) end.close();
    return end;
  }

  /** Takes no more connections. */
  close(): void {
    this.#closed = true;
    this.#main?.close();
    for (const end of this.#named.values()) end.close();
  }
}
