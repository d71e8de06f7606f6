import { keyFingerprint } from "../../../lib/pki/key_fingerprint.ts";
import { shown } from "../problem.ts";

/** Where certificates are searched for unless the person says otherwise. */
export const DEFAULT_CT_SERVICE = "https://crt.sh/";

/** How long an answer may take, milliseconds: a search goes over billions of entries. */
const ANSWER_MS = 120_000;

/** Longest answer that is taken. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** A certificate that a public log has. */
export interface Logged {
  id: string;
  names: string[];
  issuer: string;
  notBefore: string;
}

/**
 * A certificate transparency search service with crt.sh's JSON: `?q=NAME&output=json`, where `%` stands for anything,
 * and `?d=ID` for PEM.
 */
export class CtService {
  readonly #url: URL;
  readonly #signal: AbortSignal;

  /** @param signal ends what is asked. */
  constructor(url: URL, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /**
   * Certificates for exactly this name that have not expired; with `%.` before a name, for all names below it.
   *
   * @throws {Error} if the service cannot be asked, or answers something else.
   */
  async search(name: string): Promise<Logged[]> {
    const text = await this.#get({ q: name, output: "json", exclude: "expired", deduplicate: "Y" });
    let found: unknown;
    try {
      found = JSON.parse(text);
    } catch {
      // An overloaded service answers with a page.
    }
    if (!Array.isArray(found)) throw new Error(`${this.#url.href} answers no JSON list`);
    const isMeant = name.startsWith("%.")
      ? (one: string) => one.endsWith(name.slice(1))
      : (one: string) => one === name;
    return found.map(readLogged).filter(({ names }) => names.some(isMeant));
  }

  /**
   * {@linkcode keyFingerprint} of a certificate that was found.
   *
   * @throws {Error} if it cannot be had or read.
   */
  async keyOf(id: string): Promise<string> {
    return keyFingerprint(await this.#get({ d: id }));
  }

  async #get(query: Record<string, string>): Promise<string> {
    const url = new URL(this.#url);
    url.search = new URLSearchParams(query).toString();
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS)]);
    const response = await fetch(url, { signal });
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for await (const piece of response.body ?? []) {
      length += piece.length;
      if (length > MAX_ANSWER_BYTES) throw new Error(`${url.href} answers with too much`);
      pieces.push(piece);
    }
    if (!response.ok) throw new Error(`${url.href} answers ${response.status}`);
    return await new Blob(pieces).text();
  }
}

/** @throws {Error} if it is not of the form that is known. */
function readLogged(entry: unknown): Logged {
  const { id, name_value, issuer_name, not_before } = Object(entry);
  if (!/^\d+$/.test(String(id)) || typeof name_value !== "string") {
    throw new Error(
      "the search service's answer is not of crt.sh's form: id and name_value are missing",
    );
  }
  return {
    id: String(id),
    names: name_value.toLowerCase().split("\n"),
    issuer: shown(issuer_name),
    notBefore: shown(not_before),
  };
}
