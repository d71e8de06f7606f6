import type { Behaviour } from "./behaviour.ts";
import { type Column, trialWith } from "./columns.ts";

/** How long a behaviour may take unless it says otherwise, milliseconds. */
const LIMIT_MS = 8_000;

/** A verdict where a behaviour says nothing about a column. */
export const NOTHING = "–";

/** The verdict on a behaviour of a column; never rejects. */
export async function measure(column: Column, behaviour: Behaviour): Promise<string> {
  if (behaviour.direct === false && column.ca === undefined) return NOTHING;
  const { trial, end } = trialWith(column);
  const limitMs = behaviour.limitMs ?? LIMIT_MS;
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(`nothing within ${limitMs / 1000} s`), limitMs);
  const measuring = behaviour.measure(trial);
  measuring.catch(() => {});
  let verdict: string;
  try {
    verdict = await Promise.race([measuring, late.promise]);
  } catch (error) {
    verdict = `broke off: ${(error as Error).name}`;
  } finally {
    clearTimeout(timer);
    end();
  }
  await measuring.catch(() => {});
  return await column.revive() ? `${column.name} ended` : verdict;
}

/** How a verdict is to be taken. */
export type Mark = "right" | "allowed" | "wrong" | "nothing";

/** Judges a verdict: of glosson only what is right, of others what the RFC allows too. */
export function markOf(behaviour: Behaviour, verdict: string, column: string): Mark {
  if (verdict === NOTHING) return "nothing";
  if (behaviour.right.includes(verdict)) return "right";
  const allowed = behaviour.allowed?.includes(verdict) ?? false;
  return allowed && column !== "glosson" ? "allowed" : "wrong";
}
