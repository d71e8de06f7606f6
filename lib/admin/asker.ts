/** Asks a process of the relay over its socket. Rejects with {@linkcode RelayAwayError} where that does not answer. */
export interface Asker {
  /** Whether anybody is there; whatever it answers is an answer. */
  ping(): Promise<void>;
  /**
   * Asks for what is answered in JSON.
   *
   * @throws {Error} with what it answered instead.
   */
  json<T>(method: string, target: string, body?: unknown, timeoutMs?: number): Promise<T>;
  /** The same; undefined where there is no such user. */
  found<T>(method: string, target: string, body?: unknown): Promise<T | undefined>;
  /** Asks for what comes in parts, for as long as that takes; the connection ends with the reading. */
  parts(method: string, target: string): AsyncGenerator<Uint8Array<ArrayBuffer>, void>;
}

/** How a relay is away: nobody is there, it does not answer, or it says that it cannot now (503). */
export type Away = "ended" | "silent" | "outage";

/** A relay gave no answer, and may give one later. */
export class RelayAwayError extends Error {
  override readonly name = "RelayAwayError";
  readonly away: Away;

  constructor(away: Away, message: string, options?: ErrorOptions) {
    super(message, options);
    this.away = away;
  }
}

/** What was answered, read to its end. */
interface Answer {
  status: number;
  text: string;
}

/**
 * Makes an {@linkcode Asker}.
 *
 * @param path of the socket.
 * @param where names the relay in errors.
 * @param answerMs how long it may take to answer.
 */
export function createAsker(path: string, where: string, answerMs: number): Asker {
  const overConnection = <T>(work: () => Promise<T>) => watched(work, where);

  async function ask(
    method: string,
    target: string,
    body?: unknown,
    timeoutMs = answerMs,
  ): Promise<Answer> {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const init = {
      ...{ method, client, signal: AbortSignal.timeout(timeoutMs) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    return await overConnection(async () => {
      const response = await fetch(`http://localhost${target}`, init);
      return { status: response.status, text: await response.text() };
    });
  }

  function valueOf<T>(method: string, target: string, answer: Answer): T {
    if (answer.status !== 200) throw failure(where, target, answer);
    try {
      return JSON.parse(answer.text);
    } catch (cause) {
      const what = `${method} ${target} in another form; is it of the same version?`;
      throw new Error(`${where} answered ${what}`, { cause });
    }
  }

  return {
    ping: async () => void await ask("GET", "/v1/ping"),
    json: async (method, target, body, timeoutMs) =>
      valueOf(method, target, await ask(method, target, body, timeoutMs)),
    async found(method, target, body) {
      const answer = await ask(method, target, body);
      return answer.status === 404 ? undefined : valueOf(method, target, answer);
    },
    async *parts(method, target) {
      using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
      const response = await overConnection(() =>
        fetch(`http://localhost${target}`, { method, client })
      );
      const { status } = response;
      if (status !== 200) {
        const text = await overConnection(() => response.text());
        throw failure(where, target, { status, text });
      }
      const reader = response.body!.getReader();
      try {
        for (;;) {
          const { done, value } = await overConnection(() => reader.read());
          if (done) return;
          yield value;
        }
      } finally {
        await reader.cancel().catch(() => {});
      }
    },
  };
}

/** Does work that is asking or reading alone, and tells what became of the connection. */
async function watched<T>(work: () => Promise<T>, where: string): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "TimeoutError") {
      const fix = "see its log, and whether its process was stopped (ps)";
      throw new RelayAwayError("silent", `${where} runs, and does not answer: ${fix}`, { cause });
    }
    // fetch(), and the body of what it answers, tell every failure of a connection by this class.
    if (!(cause instanceof TypeError)) throw cause;
    const message = `${where} has stopped, or is being started again: see its log`;
    throw new RelayAwayError("ended", message, { cause });
  }
}

/** What an answer that is no success says, for a person. */
function failure(where: string, target: string, { status, text }: Answer): Error {
  const said = text.trim();
  if (status === 503) return new RelayAwayError("outage", said);
  return status === 404
    ? new Error(`${where} knows no ${target}; is it of the same version?`)
    : new Error(`${where} answered ${status}: ${said.slice(0, 200)}`);
}
