import { type Relay, type RelayOptions, startRelay } from "../../stories/relay.ts";
import { visit } from "../../stories/user.ts";
import { Bystander } from "./bystander.ts";
import { Home, ONLINE } from "./home.ts";
import type { Row as AnyRow } from "./row.ts";
import { BASE, RELAY_HOST } from "./way.ts";

/** Homes that are founded at once: each takes a second of a core. */
const FOUNDERS = 2;

/** A row of such a world. */
export type Row = AnyRow<World>;

/** A relay, a bystander, and homes that faults happen to. */
export class World implements AsyncDisposable {
  readonly relay: Relay;
  readonly bystander: Bystander;
  readonly #stack: AsyncDisposableStack;
  /** When each place to found a home is free. */
  readonly #founders: Promise<unknown>[] = Array(FOUNDERS).fill(Promise.resolve());
  #homes = 0;

  private constructor(relay: Relay, bystander: Bystander, stack: AsyncDisposableStack) {
    this.relay = relay;
    this.bystander = bystander;
    this.#stack = stack;
  }

  static async open({ settings, ...options }: RelayOptions = {}): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const relay = stack.use(
      await startRelay({
        ...options,
        settings: { BASE_DOMAIN: BASE, PUBLIC_DATA_HOST: RELAY_HOST, ...settings },
      }),
    );
    const home = stack.use(await Home.found(relay, "bystander"));
    await home.run().said(ONLINE);
    const bystander = stack.use(
      await Bystander.watch(() => visit(relay, home.hostname)),
    );
    return new World(relay, bystander, stack.move());
  }

  /** A home of its own for a row, which disposes of it. */
  home(): Promise<Home> {
    const number = this.#homes++;
    const place = number % FOUNDERS;
    const founded = this.#founders[place]!.then(() => Home.found(this.relay, `user${number}`));
    this.#founders[place] = founded.catch(() => {});
    return founded;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
