import type { AdminAccess } from "./access.ts";
import type { StatusReport } from "./status.ts";
import type { UserDesk, UserView } from "./users.ts";

/** How long the running relay may take to answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** A running relay, as its operator's commands reach it. */
export interface AdminClient {
  status(): Promise<StatusReport>;
  users: UserDesk;
}

/**
 * Connects the operator's commands to the running relay.
 *
 * @returns undefined when no relay answers there: it has stopped, or crashed.
 * @throws {Error} when something answers that does not take the token.
 */
export async function connectAdmin(access: AdminAccess): Promise<AdminClient | undefined> {
  async function request(method: string, path: string): Promise<Response> {
    const response = await fetch(`${access.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${access.token}` },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.ok || response.status === 404) return response;
    const text = await response.text();
    throw new Error(
      `The relay at ${access.url} answered ${response.status}: ${text.trim().slice(0, 200)}`,
    );
  }
  async function json<T>(method: string, path: string): Promise<T> {
    const response = await request(method, path);
    if (response.ok) return await response.json() as T;
    throw new Error(`The relay at ${access.url} knows no ${path}; is it of the same version?`);
  }
  async function change(username: string, what: string): Promise<boolean> {
    return (await json<{ changed: boolean }>("POST", `/v1/users/${username}/${what}`)).changed;
  }

  try {
    await (await request("GET", "/v1/status")).body?.cancel();
  } catch (error) {
    // fetch() tells a refused connection, and every other failure to connect, by this class.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
  return {
    status: () => json<StatusReport>("GET", "/v1/status"),
    users: {
      list: () => json<UserView[]>("GET", "/v1/users"),
      async show(username) {
        const response = await request("GET", `/v1/users/${username}`);
        if (response.ok) return await response.json() as UserView;
        await response.body?.cancel();
        return undefined;
      },
      block: async (username) => void await change(username, "block"),
      unblock: (username) => change(username, "unblock"),
      release: (username) => change(username, "release"),
    },
  };
}
