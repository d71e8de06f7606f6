// @ts-types="@types/pg"
import type pg from "pg";
import { sleep } from "../../net/pause.ts";
import type { ServerClient } from "./client.ts";
import type { PostgresEngine } from "./engine.ts";

/** What a {@linkcode listen} is told. */
export interface ListenOptions {
  /** Names of channels: lower-case words. */
  channels: readonly string[];
  onNotice: (channel: string, payload: string) => void;
  /**
   * It listens, at first or again; what was told while it did not is not told later, so whoever needs it
   * reads it now. Where this rejects, the connection is made anew.
   */
  onConnected: () => Promise<void>;
  /** It does not listen, and tries to until it does; of each try that fails. */
  onLost?: (error: Error) => void;
  /** Least time from one try to the next, milliseconds: one that held for as long is made anew at once. @default {500} */
  retryMs?: number;
  /** How often it is seen whether the server still answers, milliseconds. @default {3_000} */
  pingMs?: number;
}

/** What {@linkcode listen} began. */
export interface Listening {
  /** Ends it. */
  close(): Promise<void>;
}

/** What the types of a client lack. */
interface Streaming {
  connection: { stream: { destroy(): void } };
}

/** Listens for notices (NOTIFY) on a connection of its own until it is closed, or the engine is. */
export function listen(engine: PostgresEngine, options: ListenOptions): Listening {
  const { retryMs = 500, onLost } = options;
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, engine.closing]);
  const done = (async () => {
    while (!signal.aborted) {
      const triedAt = performance.now();
      const client = engine.ownClient();
      // Where the server is silent it would not answer a farewell, either.
      const cutOff = (): void => void (client as pg.Client & Streaming).connection.stream.destroy();
      signal.addEventListener("abort", cutOff);
      try {
        await hold(client, options, signal);
      } catch (error) {
        if (!signal.aborted) onLost?.(engine.explain(error));
      } finally {
        signal.removeEventListener("abort", cutOff);
        cutOff();
        await client.end().catch(() => {});
      }
      await sleep(Math.max(0, triedAt + retryMs - performance.now()), signal);
    }
  })();
  return {
    async close() {
      ended.abort();
      await done;
    },
  };
}

/** Listens until the connection is lost, which is thrown, or the end. */
async function hold(
  client: ServerClient,
  { channels, onNotice, onConnected, pingMs = 3_000 }: ListenOptions,
  signal: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  client.on("error", (error) => lost.abort(error));
  client.on("notification", ({ channel, payload = "" }) => onNotice(channel, payload));
  await client.connect();
  for (const channel of channels) await client.query(`LISTEN ${channel}`);
  await onConnected();
  for (const ended = AbortSignal.any([signal, lost.signal]); !signal.aborted;) {
    await sleep(pingMs, ended);
    lost.signal.throwIfAborted();
    client.requirePrimary();
    await client.query("SELECT 1");
  }
}
