import type { Check } from "../admin/status.ts";
import { whyUnwritable } from "../file/disk.ts";
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
