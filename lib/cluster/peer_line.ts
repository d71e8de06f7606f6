import type { Log } from "../log.ts";
import type { Duplex } from "../net/splice.ts";
import type { Session } from "../session/session.ts";
import type { RelayMessage } from "../wire/messages.ts";
import type { ClusterEngine, PresenceRow } from "./engine.ts";
import { type PeerMessage, readPeerMessage } from "./peer_message.ts";

/** Options for {@linkcode PeerLine}. */
export interface PeerLineOptions {
  engine: Pick<ClusterEngine, "send">;
  /** This relay and this process of it. */
  me: { relay: string; boot: string };
  /** Where clients of other relays bring data connections for visitors here. */
  data: { dataHost: string; dataPort: number };
  /** The user's session at this relay. */
  local: (username: string) => Session | undefined;
  /** The session that visitors here meet a user by who is at another relay. */
  remote: (username: string) => Session | undefined;
  /**
   * A data connection came here with the ticket of another relay: takes it there, and never rejects.
   *
   * @param to that relay's data port.
   */
  onStray: (
    stray: { conn: Duplex; ticket: string; username: string },
    to: { dataHost: string; dataPort: number },
  ) => Promise<void>;
  log: Log;
}

/** What relays say to each other so that a visitor at one meets a client at another. */
export class PeerLine {
  readonly #options: PeerLineOptions;

  constructor(options: PeerLineOptions) {
    this.#options = options;
  }

  /** Has a client at another relay told what its session here says. */
  ask(where: PresenceRow, message: RelayMessage, session: Session): void {
    if (message.type !== "connect" && message.type !== "tickets") return;
    const { data, log } = this.#options;
    this.#send(where.boot, { username: where.username, message: { ...message, ...data } })
      .catch((error) => {
        log.debug("cannot ask a client by way of its relay", { relay: where.relay, error });
        if (message.type === "connect") session.refuse(message.ticket);
      });
  }

  /** Takes what another relay sent. */
  receive(text: string): void {
    const { local, remote, onStray, log } = this.#options;
    const read = readPeerMessage(text);
    if (read === undefined) return;
    const { from, username, message } = read;
    if (message.type === "refuse") return remote(username)?.refuse(message.ticket);
    local(username)?.passOn(message, {
      onShown: (conn, ticket) => void onStray({ conn, ticket, username }, message),
      onRefused: (ticket) => {
        this.#send(from, { username, message: { type: "refuse", ticket } })
          .catch((error) => log.debug("cannot tell a relay of a refusal", { error }));
      },
    });
  }

  #send(boot: string, message: Omit<PeerMessage, "from">): Promise<void> {
    const { engine, me } = this.#options;
    return engine.send(boot, JSON.stringify({ from: me.boot, ...message } satisfies PeerMessage));
  }
}
