import { join } from "node:path";
import { readIfThere, removeDurably, writeDurably } from "../file/durable.ts";
import { lstat } from "../file/plain_file.ts";
import { ensureFolder } from "../file/state_folder.ts";

/** Orders older than this are over at every server (Let's Encrypt keeps them for 7 days). */
const MAX_AGE_MS = 7 * 86_400_000;

/** An order that is under way at a server. */
export interface OpenOrder {
  directoryUrl: string;
  orderUrl: string;
  /** Milliseconds since the epoch. */
  placedAt: number;
}

/** Remembers which order belongs to which request, so that a restart goes on with it. */
export interface OrderJournal {
  get(csr: string): Promise<OpenOrder | undefined>;
  put(csr: string, order: OpenOrder): Promise<void>;
  remove(csr: string): Promise<void>;
}

/**
 * Opens the journal: a small file an order, named by the SHA-256 of its request. Without it a crash
 * between signing and storing would spend another of the few certificates that a server signs.
 */
export async function openOrderJournal(folder: string, now: number): Promise<OrderJournal> {
  ensureFolder(folder);
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const { isFile, mtime } = lstat(path) ?? {};
    if (isFile && now - (mtime?.getTime() ?? now) > MAX_AGE_MS) await Deno.remove(path);
  }

  async function pathOf(csr: string): Promise<string> {
    const bytes = new TextEncoder().encode(csr.replace(/\s+/g, ""));
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return join(folder, `${hash.toHex()}.json`);
  }

  return {
    async get(csr): Promise<OpenOrder | undefined> {
      const text = await readIfThere(await pathOf(csr));
      try {
        return text === undefined ? undefined : JSON.parse(text) as OpenOrder;
      } catch {
        return undefined;
      }
    },
    put: async (csr, order) => writeDurably(await pathOf(csr), JSON.stringify(order), 0o600),
    remove: async (csr) => removeDurably(await pathOf(csr)),
  };
}
