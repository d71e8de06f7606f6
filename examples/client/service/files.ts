import { dirname } from "node:path";

/** Writes a file of the user's own, and the folders above it. */
export async function writeOwn(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text, { mode: 0o600 });
}

/** Whether a file is there. */
export async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Removes a file; whether it was there. */
export async function removeOwn(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * The user's home.
 *
 * @throws {Error} if there is none.
 */
export function home(env: (name: string) => string | undefined): string {
  const folder = env("HOME");
  if (folder) return folder;
  throw new Error("Cannot find where this user's services are: HOME is not set");
}
