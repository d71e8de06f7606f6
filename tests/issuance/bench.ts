import assert from "node:assert/strict";
import type { Authority, CertificateOrder } from "../../lib/certificate/authority.ts";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { createIssuance, type Issuance } from "../../lib/issuance/issuance.ts";
import type { OrderStore } from "../../lib/store/orders.ts";
import type { Store } from "../../lib/store/store.ts";
import { quickRequest, recordedLog, temporaryFolder } from "../certificate/helpers.ts";
import { storeIn } from "../store/helpers.ts";
import { TRACE } from "../store/trace.ts";

/** The domain that users' names are below. */
export const baseDomain = "glosson.test";

/** Issuance by the local authority, over the store of a state folder. */
export interface Bench extends AsyncDisposable {
  clock: { now: number };
  stateDir: string;
  /** Told of every order; does what the real one does unless replaced. */
  authority: Pick<Authority, "issue" | "forget"> & { real: Authority; names: string[] };
  /** That of the last start. */
  store: Store;
  /** Releases a name, as the daemon does. */
  release(issuance: Issuance, username: string): Promise<void>;
  start(options?: {
    perWeek?: number;
    perAccountPerDay?: number;
    concurrency?: number;
    maxBelow?: () => number;
    onDone?: (username: string) => void;
    wrap?: (orders: OrderStore) => OrderStore;
  }): Issuance;
  request(username: string, ...below: string[]): Promise<string>;
  accepted(issuance: Issuance, username: string, ...below: string[]): Promise<string>;
}

/** Makes a {@linkcode Bench} in a folder of its own. */
export async function bench(): Promise<Bench> {
  const folder = temporaryFolder();
  const clock = { now: Date.UTC(2026, 5, 1) };
  const now = (): number => clock.now;
  const real = await openLocalAuthority({ stateDir: folder.path, baseDomain, now });
  const authority: Bench["authority"] = { real, issue: real.issue, names: [] };
  const started: { issuance: Issuance; store: Store }[] = [];
  const it: Bench = {
    clock,
    get store() {
      return started.at(-1)!.store;
    },
    async release(issuance, username) {
      await it.store.accounts.release(username, TRACE);
      issuance.forget(username);
    },
    stateDir: folder.path,
    authority,
    start({ wrap, ...options } = {}): Issuance {
      const store = storeIn(folder.path, { now });
      const issuance = createIssuance({
        store: { orders: wrap?.(store.orders) ?? store.orders },
        authority: {
          kind: "local",
          issue(order): Promise<string> {
            authority.names.push(...order.names);
            return authority.issue(order);
          },
          forget: (csr) => authority.forget?.(csr) ?? Promise.resolve(),
        },
        log: recordedLog(),
        now,
        random: () => 0.5,
        ...options,
      });
      started.push({ issuance, store });
      return issuance;
    },
    request(username, ...below) {
      const host = `${username}.${baseDomain}`;
      return quickRequest(host, ...below.map((label) => `${label}.${host}`));
    },
    async accepted(issuance, username, ...below): Promise<string> {
      const answer = await issuance.submit(
        username,
        `${username}.${baseDomain}`,
        await it.request(username, ...below),
      );
      assert.ok(answer.ok, JSON.stringify(answer));
      return answer.id;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const { issuance, store } of started) {
        await issuance.stop();
        await store.close();
      }
      await folder[Symbol.asyncDispose]();
    },
  };
  return it;
}

/** An authority that takes its time. */
export function untilAborted({ signal }: CertificateOrder): Promise<string> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

/** Looks whether an order has come to its certificate. */
export function isReady(it: Bench, username: string, id: string): () => Promise<boolean> {
  return async () => (await it.store.orders.get(username, id))?.status === "ready";
}
