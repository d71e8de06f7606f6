/** Asks a process of the relay over its socket. */
export interface Asker {
  /**
   * Asks for what is answered in JSON.
   *
   * @throws {Error} with what it answered instead, or why it answered nothing.
   */
  json<T>(method: string, target: string, body?: unknown, timeoutMs?: number): Promise<T>;
  /** The same; undefined where there is no such user. */
  found<T>(method: string, target: string, body?: unknown): Promise<T | undefined>;
  /** What an answer that is no success says, for a person. */
  failure(target: string, response: Response): Promise<Error>;
}

/**
 * Makes an {@linkcode Asker}.
 *
 * @param path of the socket.
 * @param where names the relay in errors.
 * @param answerMs how long it may take to answer.
 */
export function createAsker(path: string, where: string, answerMs: number): Asker {
  /** Asks, and hands the answer to `read` while the connection is open. */
  async function ask<T>(
    method: string,
    target: string,
    read: (response: Response) => Promise<T>,
    body?: unknown,
    timeoutMs = answerMs,
  ): Promise<T> {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`http://localhost${target}`, {
        ...{ method, client, signal },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return await read(response);
    } catch (error) {
      if (isTimeout(error)) throw stuckError(where, error);
      if (!(error instanceof TypeError)) throw error;
      throw new Error(`${where} has stopped, or is being started again: see its log`, {
        cause: error,
      });
    }
  }

  async function failure(target: string, response: Response): Promise<Error> {
    const text = (await response.text()).trim();
    if (response.status === 503) return new Error(text);
    return response.status === 404
      ? new Error(`${where} knows no ${target}; is it of the same version?`)
      : new Error(`${where} answered ${response.status}: ${text.slice(0, 200)}`);
  }

  function json<T>(method: string, target: string, body?: unknown, timeoutMs?: number): Promise<T> {
    return ask(
      method,
      target,
      async (response) => {
        if (response.ok) return await response.json() as T;
        throw await failure(target, response);
      },
      body,
      timeoutMs,
    );
  }

  function found<T>(method: string, target: string, body?: unknown): Promise<T | undefined> {
    return ask(method, target, async (response) => {
      if (response.ok) return await response.json() as T;
      if (response.status !== 404) throw await failure(target, response);
      await response.body?.cancel();
      return undefined;
    }, body);
  }

  return { json, found, failure };
}

/** Whether a question was not answered in time. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

/** Says that a relay did not answer in time. */
export function stuckError(where: string, cause: unknown): Error {
  return new Error(
    `${where} runs, and does not answer: see its log, and whether its process was stopped (ps)`,
    { cause },
  );
}
