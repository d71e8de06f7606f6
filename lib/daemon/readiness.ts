import type { Check } from "../admin/status.ts";
import { explain } from "../file/durable.ts";
import { lstat } from "../file/plain_file.ts";
import { type TlsIdentity, unfitness } from "../pki/identity.ts";

/** What {@linkcode readiness} looks at. */
export interface ReadinessOptions {
  /** What the relay serves its own hosts with. */
  identity: Pick<TlsIdentity, "names" | "notBefore" | "notAfter" | "selfSigned">;
  /** Names of the listeners that do not accept. */
  failing: readonly string[];
  stateDir: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Whether the relay can serve, as `/readyz` tells. */
export function readiness({ identity, failing, stateDir, now }: ReadinessOptions): Check[] {
  const unwritable = whyUnwritable(stateDir);
  return [
    check("listeners", failing.length > 0 && `cannot accept on ${failing.join(", ")}`),
    check(
      "certificate",
      identity.selfSigned
        ? "the certificate is self-signed"
        : unfitness(identity, { names: identity.names, now }),
    ),
    check("state", unwritable && `the state folder cannot be written: ${unwritable}`),
  ];
}

/** @param problem what is wrong, if anything. */
function check(name: string, problem: string | false | undefined): Check {
  return problem ? { name, ok: false, detail: problem } : { name, ok: true };
}

/** Why no file can be written in a folder, with the fix; undefined where one can. */
export function whyUnwritable(folder: string): string | undefined {
  const probe = `${folder}/.probe`;
  try {
    // Left by a crash, or by somebody: never written through.
    if (lstat(probe) !== undefined) Deno.removeSync(probe);
    Deno.writeFileSync(probe, new Uint8Array(4096), { mode: 0o600, createNew: true });
  } catch (error) {
    // By another process of the relay, just now.
    return error instanceof Deno.errors.AlreadyExists ? undefined : explain(error);
  }
  try {
    Deno.removeSync(probe);
  } catch {
    // Likewise; else the next one removes it.
  }
}
