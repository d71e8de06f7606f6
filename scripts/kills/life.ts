import { connectAdmin } from "../../lib/admin/client.ts";
import { sleep } from "../../lib/net/pause.ts";
import { type apiOf, signingRequest } from "../../tests/stories/user.ts";
import type { Random } from "../fuzz/random.ts";
import { BASE, type Relay } from "../../tests/stories/relay.ts";
import { TRACE } from "../../tests/store/trace.ts";

/** A relay that runs, and its API. */
export interface Running {
  relay: Relay;
  api: ReturnType<typeof apiOf>;
}

/** What the relay acknowledged, and what it was asked for when it was killed and may have done. */
interface Record<T> {
  sure: T;
  asked?: T;
}

/** The newest order, with its certificate once that was fetched. */
interface Order {
  id: string;
  certificate?: string;
  /** Whether it may have been ended, by a newer one or a block. */
  mayFail: boolean;
}

/** How long a certificate is waited for before the next question, milliseconds. */
const POLL_MS = 20;

/**
 * One user's life: does one thing after another, and knows what the relay has acknowledged of it.
 *
 * Whoever drives it catches what `act` throws when the relay is killed meanwhile, and calls `check` with
 * the next one.
 */
export class Life {
  readonly #username: string;
  readonly #random: Random;
  #token: string | undefined;
  /** Whether the token may have been replaced by one that never came. */
  #mayBeReplaced = false;
  #away: Record<string | null> = { sure: null };
  #blocked: Record<boolean> = { sure: false };
  #order: Order | undefined;
  #serial = 0;

  constructor(username: string, random: Random) {
    this.#username = username;
    this.#random = random;
  }

  /** Does one thing. @throws {Error} of the connection, or with what the relay should not have said. */
  async act(running: Running): Promise<void> {
    if (this.#token === undefined) return await this.#claim(running);
    const acts = [
      () => this.#claim(running),
      () => this.#changePreference(running),
      () => this.#changePreference(running),
      () => this.#certify(running),
      () => this.#block(running),
    ];
    await this.#random.pick(acts)();
  }

  /** What of all that was acknowledged is not there. */
  async check(running: Running): Promise<string[]> {
    const lost: string[] = [];
    const note = (what: string): void => void lost.push(`${this.#username}: ${what}`);
    if (this.#token === undefined) return lost;
    const blocked = await this.#readBlocked(running);
    if (blocked !== this.#blocked.sure && blocked !== this.#blocked.asked) {
      note(`the ${this.#blocked.sure ? "block" : "end of the block"} is gone`);
    }
    this.#blocked = { sure: blocked };
    if (blocked) await this.#setBlocked(running, false);

    const account = await this.#ask(running, "GET", "/v1/account");
    if (account.status === 401 && this.#mayBeReplaced) {
      await this.#claim(running);
      return lost;
    }
    if (account.status !== 200) {
      note(`its token gets ${account.status}`);
      return lost;
    }
    this.#mayBeReplaced = false;
    const { away } = account.body;
    if (away !== this.#away.sure && away !== this.#away.asked) {
      note(`its text is ${away}, not ${this.#away.sure}`);
    }
    this.#away = { sure: away };
    if (this.#order !== undefined) await this.#checkOrder(running, this.#order, note);
    return lost;
  }

  async #checkOrder(
    running: Running,
    order: Order,
    note: (what: string) => void,
  ): Promise<void> {
    const { status, body } = await this.#ask(running, "GET", `/v1/certificates/${order.id}`);
    if (status !== 200) return note(`its order gets ${status}`);
    if (body.status === "failed" && !order.mayFail) {
      note(`its order failed: ${body.problem.detail}`);
    }
    if (order.certificate !== undefined && body.certificate !== order.certificate) {
      note("its certificate is another, or gone");
    }
  }

  async #claim({ relay, api }: Running): Promise<void> {
    const claim = await api.request("POST", "/v1/claims", { body: { username: this.#username } });
    expect(claim, 201);
    await Deno.writeTextFile(`${relay.biosDir}/${this.#username}.txt`, claim.body.code);
    this.#mayBeReplaced = true;
    const verified = await api.request("POST", `/v1/claims/${claim.body.claim}/verify`);
    expect(verified, 200);
    this.#token = verified.body.token;
    this.#mayBeReplaced = false;
  }

  async #changePreference(running: Running): Promise<void> {
    const away = `text ${this.#serial++}`;
    this.#away.asked = away;
    expect(await this.#ask(running, "PATCH", "/v1/account", { away }), 200);
    this.#away = { sure: away };
  }

  async #certify(running: Running): Promise<void> {
    const { csr } = await signingRequest(`${this.#username}.${BASE}`);
    if (this.#order !== undefined) this.#order.mayFail = true;
    const asked = await this.#ask(running, "POST", "/v1/certificates", { csr });
    expect(asked, 202);
    const order: Order = this.#order = { id: asked.body.id, mayFail: false };
    for (;;) {
      const answer = await this.#ask(running, "GET", `/v1/certificates/${asked.body.id}`);
      expect(answer, 200);
      if (answer.body.status === "ready") {
        order.certificate = answer.body.certificate;
        return;
      }
      await sleep(POLL_MS);
    }
  }

  async #block(running: Running): Promise<void> {
    await this.#setBlocked(running, true);
    await this.#setBlocked(running, false);
  }

  async #setBlocked({ relay }: Running, blocked: boolean): Promise<void> {
    this.#blocked.asked = blocked;
    if (this.#order !== undefined) this.#order.mayFail = true;
    const admin = await connectAdmin(relay.stateDir);
    if (admin === undefined) throw new Error("no relay runs");
    if (blocked) await admin.users.block(this.#username, TRACE);
    else await admin.users.unblock(this.#username, TRACE);
    this.#blocked = { sure: blocked };
  }

  async #readBlocked({ relay }: Running): Promise<boolean> {
    const admin = await connectAdmin(relay.stateDir);
    const view = await admin!.users.show(this.#username);
    return view?.blockedAt != null;
  }

  #ask({ api }: Running, method: string, path: string, body?: unknown) {
    return api.request(method, path, { token: this.#token!, ...(body !== undefined && { body }) });
  }
}

function expect({ status, body }: { status: number; body: unknown }, wanted: number): void {
  if (status === wanted) return;
  throw new Error(`${status} instead of ${wanted}: ${JSON.stringify(body)}`);
}
