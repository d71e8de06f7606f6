import assert from "node:assert/strict";
import { sleep } from "../../lib/net/pause.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { dataPreface } from "../../lib/wire/messages.ts";
import {
  type DataPlace,
  goOnline,
  httpFor,
  type Membership,
} from "../../scripts/bench/load/glosson.ts";
import { helloFor } from "../../scripts/bench/load/script.ts";
import { assertFewLost, isLostInQueue } from "./lost_in_queue.ts";

/** How many of the clients come back a second. */
const BACK_PER_SECOND = 4;

/** What clients say to their visitors, which is no TLS. */
export const ANSWER = "it is I";

/** Serves one visitor of a ticket's. */
async function serve(ticket: string, { dataHost, dataPort }: DataPlace): Promise<void> {
  const conn = await Deno.connect({ hostname: dataHost, port: dataPort });
  try {
    await writeAll(conn, dataPreface(ticket));
    if (await conn.read(new Uint8Array(4096)) !== null) {
      await writeAll(conn, new TextEncoder().encode(ANSWER));
    }
  } finally {
    closeQuietly(conn);
  }
}

/** Who was in the queue of a port that was closed. */
const LOST = "lost";

/** How visits ended. */
export class Answers {
  readonly #counts = new Map<string, number>();

  /** Has a visitor come, and notes who answers: the user's client, or what else its first bytes are. */
  async visit(port: number, hostname: string): Promise<void> {
    const answer = await answerOf(port, hostname)
      .catch((error) => isLostInQueue(error) ? LOST : `${error}`);
    this.#counts.set(answer, (this.#counts.get(answer) ?? 0) + 1);
  }

  /** @throws {Error} unless the client has answered all but those that the system lost. */
  check(): void {
    const { [ANSWER]: met = 0, [LOST]: lost = 0, ...others } = Object.fromEntries(this.#counts);
    assert.ok(met > 0, JSON.stringify([...this.#counts]));
    assert.deepEqual(others, {});
    assertFewLost(lost, met);
  }
}

/** Who answers a visitor: the user's client, or what else its first bytes are. */
export async function answerOf(port: number, hostname: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await writeAll(conn, helloFor(hostname));
    const answer = new Uint8Array(ANSWER.length);
    const n = await conn.read(answer);
    const text = new TextDecoder("latin1").decode(answer.subarray(0, n ?? 0));
    return text === ANSWER ? text : JSON.stringify(text);
  } finally {
    closeQuietly(conn);
  }
}

/** Clients who come back one after another, at a pace, when the relay sends them away. */
export class SlowCrowd implements AsyncDisposable {
  readonly #http: Deno.HttpClient;
  readonly #closes = new Map<string, () => void>();
  #returning: Promise<void> = Promise.resolve();
  #over = false;

  /** @param members where all come online, before it resolves. */
  static async of(members: readonly Membership[]): Promise<SlowCrowd> {
    const crowd = new SlowCrowd(members);
    await Promise.all(members.map((member) => crowd.#comeOnline(member)));
    return crowd;
  }

  private constructor(members: readonly Membership[]) {
    this.#http = httpFor(members[0]!);
  }

  async #comeOnline(member: Membership): Promise<void> {
    const link = await goOnline(
      member,
      (ticket, place) => void serve(ticket, place).catch(() => {}),
      this.#http,
      () => this.#comeBack(member),
    );
    this.#closes.set(member.username, link.close);
  }

  #comeBack(member: Membership): void {
    this.#returning = this.#returning.then(async () => {
      if (this.#over) return;
      await sleep(1_000 / BACK_PER_SECOND);
      // One that does not come about has ended, too, and is made up for.
      await this.#comeOnline(member).catch(() => {});
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#returning;
    for (const close of this.#closes.values()) close();
    this.#http.close();
  }
}
