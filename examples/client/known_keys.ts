import { fingerprintOfPrivateKey } from "../../lib/pki/key_fingerprint.ts";
import type { State } from "./state.ts";

/** Keys that are remembered: those of many years, or of months in which a certificate lasts for days. */
const MAX_KEYS = 256;

/** Fingerprints of the keys that this computer had for its name. */
export async function ownKeys(state: Pick<State, "list" | "identity">): Promise<string[]> {
  const noted = await state.list("keys.json");
  const identity = await state.identity();
  return identity === undefined ? noted : [...noted, fingerprintOfPrivateKey(identity.key)];
}

/** Remembers a key that a certificate is asked for, PEM. */
export async function noteKey(
  state: Pick<State, "list" | "saveList">,
  key: string,
): Promise<void> {
  const keys = [...await state.list("keys.json"), fingerprintOfPrivateKey(key)];
  await state.saveList("keys.json", keys.slice(-MAX_KEYS));
}

/** Forgets a key that no certificate was made for, so that it takes no other's place. */
export async function forgetKey(
  state: Pick<State, "list" | "saveList">,
  key: string,
): Promise<void> {
  const fingerprint = fingerprintOfPrivateKey(key);
  const keys = await state.list("keys.json");
  await state.saveList("keys.json", keys.filter((noted) => noted !== fingerprint));
}
