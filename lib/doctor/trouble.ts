import type { Settings } from "../config/settings.ts";
import { fault, type Finding, ok, skipped } from "./finding.ts";

/** Checks that what hears of trouble is there; it is not called. */
export async function checkTrouble({ onTrouble }: Settings): Promise<Finding> {
  const check = "trouble";
  if (onTrouble === undefined) {
    return skipped(
      check,
      "is told in the log only; GLOSSOND_ON_TROUBLE names who else hears of it",
    );
  }
  // What stands behind the host may be secret.
  if (/^https?:/.test(onTrouble)) return ok(check, `is told to ${new URL(onTrouble).host}`);
  try {
    await Deno.readTextFile(onTrouble);
    return ok(check, `is told to ${onTrouble}`);
  } catch (error) {
    return fault(
      check,
      `${onTrouble} cannot be read: ${(error as Error).message}`,
      "name a Python program in GLOSSOND_ON_TROUBLE, such as examples/on_trouble.example.py",
    );
  }
}
