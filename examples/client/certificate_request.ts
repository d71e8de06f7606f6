import { type KeyType, makeKeyAndRequest } from "../../lib/pki/keys.ts";
import type { Api } from "./api.ts";
import type { CertificateAnswer } from "./relay_answers.ts";
import { checkIdentity, type Identity } from "./identity.ts";
import { RelayProblem } from "./problem.ts";
import { forgetKey, noteKey } from "./known_keys.ts";
import type { PendingCertificate } from "./records.ts";
import type { State } from "./state.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** Pause between two questions when the relay names none, milliseconds. */
const DEFAULT_POLL_MS = 2_000;

/** Bounds of the pause that a relay may name, milliseconds. */
const POLL_MS = { shortest: 250, longest: 60_000 } as const;

/** How long one call waits for a certificate, milliseconds; authorities answer within minutes. */
const PATIENCE_MS = 600_000;

/** How to do with fewer names: with those that there were, and then with the page's own alone. */
export interface OrFewer {
  /** The names that there were. */
  had: readonly string[];
  /** Told why the relay refuses more. */
  tell: (why: RelayProblem) => void;
}

/** What {@linkcode obtainCertificate} needs. */
export interface ObtainOptions {
  api: Pick<Api, "requestCertificate" | "certificate">;
  state: State;
  /** The page's own host, and those below it that it has as well. */
  hosts: readonly string[];
  /** What to do where the relay gives not all of these. @default gives up */
  orFewer?: OrFewer;
  keyType: KeyType;
  now: () => number;
  sleep: Sleep;
  signal?: AbortSignal;
}

/**
 * Gets a certificate for a new key, and saves both.
 *
 * A request that is under way is continued, also one that an earlier run left: each new one counts
 * against a daily limit. The key is saved before it is needed and never sent.
 *
 * @throws {RelayProblem | RelayUnreachable} as {@linkcode Api} does.
 * @throws {Error} if the authority failed, took too long, or certified something else.
 */
export async function obtainCertificate(options: ObtainOptions): Promise<Identity> {
  const { api, state, hosts, orFewer, keyType, now, sleep, signal } = options;
  const hostname = hosts[0]!;
  const giveUpAt = now() + PATIENCE_MS;

  async function request(): Promise<PendingCertificate & { retryAfterMs?: number }> {
    const [all, ...fewer] = choices(hosts, orFewer?.had);
    let names = all!;
    while (true) {
      try {
        return await requestFor(names);
      } catch (error) {
        const next = fewer.shift();
        if (!isRefusalOfNames(error) || next === undefined) throw error;
        orFewer?.tell(error);
        names = next;
      }
    }
  }

  async function requestFor(
    names: readonly string[],
  ): Promise<PendingCertificate & { retryAfterMs?: number }> {
    const { key, csr } = await makeKeyAndRequest(names, keyType);
    // Before anybody can have signed it: in public logs it is known as this computer's.
    await noteKey(state, key);
    try {
      const { id, retryAfterMs } = await api.requestCertificate(csr);
      await state.savePendingCertificate({ id, key });
      return { id, key, retryAfterMs };
    } catch (error) {
      // Else, as behind a proxy's 504, the relay may have taken it.
      if (error instanceof RelayProblem && error.status < 500) await forgetKey(state, key);
      throw error;
    }
  }

  const left = await state.pendingCertificate();
  let pending: PendingCertificate & { retryAfterMs?: number } = left ?? await request();
  let pause = left === undefined ? pollPause(pending.retryAfterMs) : 0;
  while (true) {
    await sleep(pause, signal);
    signal?.throwIfAborted();
    const answer = await question(api, pending.id);
    const over = answer === undefined || answer.status === "failed";
    if (over && pending === left) {
      // What became of an earlier run's request does not matter: it is asked anew.
      pending = await request();
      pause = pollPause(pending.retryAfterMs);
    } else if (answer === undefined) {
      throw new Error("Cannot get a certificate: the relay forgot the request");
    } else if (answer.status === "pending") {
      if (now() >= giveUpAt) {
        throw new Error(
          "Cannot wait longer for the certificate: the request goes on, try again in a few minutes",
        );
      }
      pause = pollPause(answer.retryAfterMs);
    } else {
      return await accept(answer, pending.key);
    }
  }

  async function accept(
    answer: Exclude<CertificateAnswer, { status: "pending" }>,
    key: string,
  ): Promise<Identity> {
    await state.savePendingCertificate(undefined);
    if (answer.status !== "ready") {
      const { title = "The certificate could not be had", detail } = answer.problem ?? {};
      throw new RelayProblem({ code: "certificate-failed", status: 200, title, detail });
    }
    const saved = { key, chain: answer.certificate, renewAfter: answer.renewAfter };
    const identity = checkIdentity(saved, hostname, now());
    await state.saveIdentity(saved);
    return identity;
  }
}

/** Whether the relay does not give a certificate for these names. */
export function isRefusalOfNames(error: unknown): error is RelayProblem {
  return error instanceof RelayProblem && error.code === "bad-csr";
}

/** What to ask for, one after another: all hosts, those that there were, the page's own; each fewer than before. */
function choices(hosts: readonly string[], had?: readonly string[]): (readonly string[])[] {
  if (had === undefined) return [hosts];
  const own = hosts.slice(0, 1);
  const kept = hosts.filter((host) => own.includes(host) || had.includes(host));
  return [hosts, kept, own].filter((names, i, all) => names.length !== all[i - 1]?.length);
}

/** How a request stands; undefined when the relay does not know it. */
async function question(
  api: Pick<Api, "certificate">,
  id: string,
): Promise<CertificateAnswer | undefined> {
  try {
    return await api.certificate(id);
  } catch (error) {
    if (error instanceof RelayProblem && error.code === "certificate-not-found") return undefined;
    throw error;
  }
}

function pollPause(retryAfterMs: number | undefined): number {
  const asked = retryAfterMs ?? DEFAULT_POLL_MS;
  return Math.min(Math.max(asked, POLL_MS.shortest), POLL_MS.longest);
}
