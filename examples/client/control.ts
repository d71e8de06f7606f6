import type { Log } from "../../lib/log.ts";
import {
  type ClientMessage,
  readRelayMessage,
  type RelayMessage,
  SUBPROTOCOL,
} from "../../lib/wire/messages.ts";
import { headerSecret } from "../../lib/wire/secret.ts";
import type { RelayHttp } from "./relay_http.ts";

/** How long the relay may take from the first packet to `online`, milliseconds. */
const ONLINE_TIMEOUT_MS = 15_000;

/** How long the relay may take to answer our close, milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Messages that cannot be read, in one session, after which it is given up. */
const MAX_BAD_MESSAGES = 16;

/** How a session ended. */
export type Ending =
  /** The relay said so. */
  | { kind: "goodbye"; reason: string; retryAfterMs: number | null }
  /** The connection closed. `wasOnline` false: it may never have opened. */
  | { kind: "closed"; code: number; detail: string; wasOnline: boolean }
  /** This side gave it up. */
  | { kind: "dropped"; why: string }
  /** This side was asked to stop. */
  | { kind: "stopped" };

/** A control session, PROTOCOL section 2. */
export interface ControlSession {
  /** Sends a message; silently nothing when the session is over. */
  send(message: ClientMessage): void;
  /** Gives the session up. */
  drop(why: string): void;
  /** Settles once, when the session is over; never rejects. */
  ended: Promise<Ending>;
}

/** Options for {@linkcode openControl}. */
export interface ControlOptions {
  relay: URL;
  token: string;
  http: Pick<RelayHttp, "session">;
  /** Called for each message but `goodbye`, `online` first. */
  onMessage: (message: Exclude<RelayMessage, { type: "goodbye" }>) => void;
  /** Ends the session in an orderly way. */
  signal: AbortSignal;
  log: Log;
}

/** Opens a control session. Failures, also those to connect, come as its {@linkcode Ending}. */
export function openControl(options: ControlOptions): ControlSession {
  const { relay, token, http, onMessage, signal, log } = options;
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  const url = new URL("/v1/control", relay);
  url.protocol = "wss:";
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${headerSecret("The account's token", token)}` },
    protocols: [SUBPROTOCOL],
    client: http.session,
  });
  let over = false;
  let wasOnline = false;
  let badMessages = 0;
  let failure = "";
  const timer = setTimeout(
    () => finish({ kind: "dropped", why: "the relay does not answer" }),
    ONLINE_TIMEOUT_MS,
  );

  function finish(ending: Ending): void {
    if (over) return;
    over = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    // Also on a connection that is dead: what it still does no longer matters to anyone.
    if (socket.readyState <= WebSocket.OPEN) socket.close(1000);
    resolve(ending);
  }

  function stop(): void {
    if (socket.readyState !== WebSocket.OPEN) return finish({ kind: "stopped" });
    socket.close(1000);
    clearTimeout(timer);
    const impatient = setTimeout(() => finish({ kind: "stopped" }), CLOSE_TIMEOUT_MS);
    ended.then(() => clearTimeout(impatient));
  }

  socket.onmessage = ({ data }): void => {
    if (over) return;
    const read = readRelayMessage(data);
    if (read.state === "bad") {
      log.debug("Unreadable message of the relay", { detail: read.detail });
      if (++badMessages >= MAX_BAD_MESSAGES) {
        finish({ kind: "dropped", why: "the relay sends what cannot be read" });
      }
      return;
    }
    if (read.state === "ignored") return;
    const { message } = read;
    if (message.type === "goodbye") {
      const { reason, retryAfterMs } = message;
      return finish({ kind: "goodbye", reason, retryAfterMs });
    }
    if (message.type === "online") {
      // Once a session: where the data port is does not change under those who dial it.
      if (wasOnline) return log.debug("The relay said online again, which is ignored");
      wasOnline = true;
      clearTimeout(timer);
    }
    if (wasOnline) onMessage(message);
  };
  socket.onerror = (event): void => {
    failure = event instanceof ErrorEvent ? event.message : "";
  };
  socket.onclose = ({ code, reason }): void => {
    if (signal.aborted) return finish({ kind: "stopped" });
    finish({ kind: "closed", code, detail: reason || failure, wasOnline });
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();

  return {
    send(message) {
      if (!over && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    drop: (why) => finish({ kind: "dropped", why }),
    ended,
  };
}
