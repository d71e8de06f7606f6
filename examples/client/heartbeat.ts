import type { AccountInfo } from "./relay_answers.ts";
import { RelayProblem } from "./problem.ts";
import type { Sleep } from "../../lib/net/pause.ts";

/** Time between two questions, milliseconds; the relay's own heartbeat gives up after 30 s. */
const ASK_EVERY_MS = 30_000;

/** How long an answer may take, milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Time before a question that failed is asked again, milliseconds. */
const ASK_AGAIN_MS = 5_000;

/** Questions in a row without an answer after which the relay counts as gone. */
const MAX_UNANSWERED = 2;

/** Options for {@linkcode watchHeartbeat}. */
export interface HeartbeatOptions {
  /** Asks the relay for the account, within a time in milliseconds. */
  account: (timeoutMs: number) => Promise<Pick<AccountInfo, "online">>;
  /** Called before each question. */
  onBeat?: () => void;
  sleep: Sleep;
  signal: AbortSignal;
}

/**
 * Watches whether a session is still one, and resolves to why it is not, or to undefined on abort.
 *
 * The relay pings, but a `WebSocket` answers pings without telling; when the network under it
 * changes (a laptop that slept, another Wi-Fi), nothing comes any more and nothing fails for many
 * minutes. `bufferedAmount` says nothing either: it drops as soon as the kernel has the bytes. So
 * the relay is asked over a connection of its own whether it still sees this client. It notices a
 * lost one within 30 s, this side within about a minute.
 */
export async function watchHeartbeat(options: HeartbeatOptions): Promise<string | undefined> {
  const { account, onBeat, sleep, signal } = options;
  let unanswered = 0;
  while (true) {
    await sleep(unanswered === 0 ? ASK_EVERY_MS : ASK_AGAIN_MS, signal);
    if (signal.aborted) return undefined;
    onBeat?.();
    try {
      const { online } = await account(ANSWER_TIMEOUT_MS);
      if (signal.aborted) return undefined;
      if (!online) return "the relay no longer sees this client";
      unanswered = 0;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof RelayProblem && error.status < 500) {
        // Too many questions is an answer of a relay that is there; any other refusal ends it.
        if (error.status !== 429) return error.message;
        unanswered = 0;
      } else if (++unanswered >= MAX_UNANSWERED) {
        return "the relay does not answer";
      }
    }
  }
}
