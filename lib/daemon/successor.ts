import type { PredecessorWord, SuccessorWord } from "../admin/hand_over.ts";
import type { JsonLine } from "../net/json_line.ts";
import { closeQuietly } from "../net/splice.ts";
import type { ControlSockets } from "../session/control_sockets.ts";
import type { PassedOn } from "../session/session.ts";
import type { PresenceChange, Sessions } from "../session/sessions.ts";
import type { Hub } from "../visitor/hub.ts";
import type { MeetingSession } from "../visitor/meet.ts";
import { LateVisitors } from "./late_visitors.ts";

/** Options for {@linkcode Successor}. */
export interface SuccessorOptions {
  line: JsonLine<PredecessorWord, SuccessorWord<PassedOn>>;
  sessions: Pick<Sessions, "get" | "usernames" | "comingBack">;
  control: Pick<ControlSockets, "replace" | "recheck">;
  hub: Pick<Hub, "dropVisitors">;
  /** Reads the settings again, as it has. */
  reload: () => void;
  /** A free path for a Unix socket. */
  door: () => string;
}

/** The process that takes this relay's place, by the line between the two: its visitors meet clients who are here. */
export class Successor {
  readonly #options: SuccessorOptions;
  /** Who waits until a user is there. */
  readonly #arriving = new Map<string, () => void>();
  readonly #late: LateVisitors;

  constructor(options: SuccessorOptions) {
    const { line, sessions, door } = options;
    this.#options = options;
    this.#late = new LateVisitors({ ask: (asked) => line.say(asked), door });
    line.say({ type: "online", usernames: [...sessions.usernames()] });
    line.hear((word) => this.#hear(word));
    this.gone.then(() => {
      for (const resolve of this.#arriving.values()) resolve();
      this.endVisits();
    });
  }

  /** Resolves when it has ended, or has nothing to do with this relay any more. */
  get gone(): Promise<void> {
    return this.#options.line.closed;
  }

  /** What a visitor who came here before it, and says so late, meets the user by. */
  reach(username: string): MeetingSession {
    return this.#late.reach(username);
  }

  /** It has not this relay's place: visitors meet nobody by way of it any more, and those who wait look again. */
  endVisits(): void {
    this.#late.end();
  }

  /** Tells it what became of a user here. */
  note(username: string, change: PresenceChange): void {
    const { line } = this.#options;
    if (change === "online") line.say({ type: "online", usernames: [username] });
    else line.say({ type: "left", username, comingBack: change === "left" });
  }

  /** Resolves when a user has come to it who is sent there now, or that is not to be known. */
  async arrival(username: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#arriving.set(username, resolve);
    await promise;
    this.#arriving.delete(username);
  }

  /** The clients who were here have been sent to it. */
  moved(): void {
    this.#options.line.say({ type: "moved" });
  }

  close(): void {
    this.#options.line.close();
  }

  #hear(word: SuccessorWord<PassedOn>): void {
    const { control, hub, sessions } = this.#options;
    switch (word.type) {
      case "unmet":
        return this.#late.unmet(word);
      case "pass":
        return this.#pass(word);
      case "revoked":
        control.recheck(word.username);
        return hub.dropVisitors(word.username);
      case "reload":
        return this.#options.reload();
      case "elsewhere":
        return this.#arriving.get(word.username)?.();
      case "arrived":
        this.#arriving.get(word.username)?.();
        // Of who came by themselves there is an older session here.
        control.replace(word.username);
        // Who leaves there is awaited there, however long ago they left here.
        sessions.comingBack.arrived(word.username, undefined);
    }
  }

  #pass({ username, message }: Extract<SuccessorWord<PassedOn>, { type: "pass" }>): void {
    const { line, sessions } = this.#options;
    const session = sessions.get(username);
    // By the time that it was said; it is told, too, where that was.
    if (session === undefined) return line.say({ type: "left", username, comingBack: true });
    session.passOn(message, {
      // By who overlooks where it is to be shown, or came to this relay while both were to be reached at one address.
      onShown(conn, ticket) {
        closeQuietly(conn);
        line.say({ type: "strayed", username, ticket });
      },
      onRefused: (ticket) => line.say({ type: "refused", username, ticket }),
    });
  }
}
