import assert from "node:assert/strict";
import type { Relay } from "../../stories/relay.ts";
import {
  type DialData,
  dialData,
  joinVisitors,
  startPage,
  type User,
  visit,
} from "../../stories/user.ts";

/** How long a client that cannot connect waits before it tries again. */
const RETRY_MS = 100;

/** A user's client with its page, that comes back whenever its session ends. */
export interface Client extends AsyncDisposable {
  user: User;
  /** The data port of the process that it is at; undefined while it is at none. */
  readonly dataPort: number | undefined;
}

/** Starts a client; resolves when it is online. @param dial opens its data connections. @default over TCP */
export async function startClient(
  relay: Relay,
  user: User,
  dial: DialData = dialData,
): Promise<Client> {
  const page = await startPage(relay, user, () => new Response(user.username), "http/1.1");
  let online = await joinVisitors(relay, user, page.port, { dial });
  let dataPort: number | undefined = online.link.online.dataPort;
  let isOver = false;

  async function comeBack(): Promise<void> {
    while (true) {
      await online.link.closed;
      dataPort = undefined;
      if (isOver) return;
      try {
        online = await joinVisitors(relay, user, page.port, { dial });
        dataPort = online.link.online.dataPort;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  const coming = comeBack();
  return {
    user,
    get dataPort() {
      return dataPort;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await online[Symbol.asyncDispose]();
      await coming;
      await page[Symbol.asyncDispose]();
    },
  };
}

/** A visitor of a client's gets its page. */
export async function assertServed(relay: Relay, { user }: Client): Promise<void> {
  const { status, body } = await visit(relay, user.hostname);
  assert.deepEqual([status, body], [200, user.username]);
}
