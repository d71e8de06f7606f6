import { dirname } from "node:path";
import { type AdminClient, connectAdmin } from "../admin/client.ts";
import type { StatusReport } from "../admin/status.ts";
import { certificateReport } from "../certificate/report.ts";
import type { Settings } from "../config/settings.ts";
import { freeMib, whyUnwritable } from "../file/disk.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";

/** Checks that the state folder can be written, has room and is its owner's alone, or can be made. */
export async function checkState(
  { stateDir, minFreeMib }: Pick<Settings, "stateDir" | "minFreeMib">,
): Promise<Finding> {
  const check = "state folder";
  try {
    const isThere = await Deno.stat(stateDir).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    });
    const why = whyUnwritable(isThere ? stateDir : dirname(stateDir));
    if (why !== undefined) throw new Error(why);
    if (!isThere) return skipped(check, `${stateDir} is made when the relay starts first`);
    const { mode } = await Deno.stat(stateDir);
    if (mode !== null && (mode & 0o077) !== 0) {
      return warning(
        check,
        `${stateDir} is open to others (mode 0${(mode & 0o777).toString(8)}) and holds keys`,
        `chmod 700 ${stateDir}; the relay does so when it starts`,
      );
    }
    const free = await freeMib(stateDir);
    if (free < minFreeMib) {
      return warning(
        check,
        `${stateDir} can be written, and ${
          Math.floor(free)
        } MiB are free on its disk, less than ${minFreeMib}`,
        "make room on it, or lower GLOSSOND_MIN_FREE_MIB",
      );
    }
    return ok(check, `${stateDir} can be written`);
  } catch (error) {
    return fault(
      check,
      `${stateDir} cannot be written: ${(error as Error).message}`,
      "set GLOSSOND_STATE_DIR to a folder of the relay's user, and see that the disk has room",
    );
  }
}

/** What the state folder tells of the relay: it runs, it does not, or why that cannot be known. */
export type Found = AdminClient | "off" | Error;

/** Whether it runs, and can be asked. */
export function isRunning(relay: Found): relay is AdminClient {
  return relay !== "off" && !(relay instanceof Error);
}

/** Finds the relay by its state folder. */
export async function findRelay(stateDir: string): Promise<Found> {
  return await connectAdmin(stateDir).then((admin) => admin ?? "off", (error: Error) => error);
}

/** Checks that the relay runs, says that it is ready, and has the descriptors that its limits need. */
export async function checkRelay(settings: Settings, relay: Found): Promise<Finding[]> {
  if (relay === "off") {
    return [fault(
      "relay",
      `none runs on ${settings.stateDir}, so what it answers cannot be checked`,
      "mend what is wrong below, if anything is, then start it: systemctl start glossond",
    )];
  }
  const report = relay instanceof Error
    ? relay
    : await relay.status().catch((error: Error) => error);
  if (report instanceof Error) {
    // It has the fix behind what is wrong.
    const [what = "", fix = "see its log: journalctl -u glossond"] = report.message
      .split(/[;:] (?=(?:run|see|set|remove|chmod) )/);
    return [fault("relay", what, fix)];
  }
  const wrong = report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
  const ready = report.ready ? ok("relay", `${report.software} runs and is ready`) : fault(
    "relay",
    `${report.software} runs and is not ready: ${wrong.join(", ")}`,
    "see the checks below, and its log: journalctl -u glossond -p warning",
  );
  return [ready, descriptors(settings, report)];
}

function descriptors(settings: Settings, { limits }: StatusReport): Finding {
  const wanted = { visitors: settings.maxVisitors, clients: settings.maxClients };
  const lowered = limits.filter(({ name, max }) =>
    max < (wanted[name as keyof typeof wanted] ?? 0)
  );
  if (lowered.length === 0) return ok("descriptors", "are enough for the limits set");
  const each = lowered.map(({ name, max }) =>
    `${name} ${max} instead of ${wanted[name as keyof typeof wanted]}`
  );
  return warning(
    "descriptors",
    `are too few: ${each.join(", ")}`,
    "raise LimitNOFILE in the unit (ulimit -n elsewhere), or lower GLOSSOND_MAX_…",
  );
}

/** Checks the stored certificate, its end and the last order. */
export async function checkCertificate(
  settings: Settings,
  names: readonly string[],
  relay: Found,
  now: () => number,
): Promise<Finding> {
  const check = "certificate";
  // What the listeners show is compared by the checks of the paths.
  const { state, problems, names: found, notAfter } = await certificateReport({
    stateDir: settings.stateDir,
    names,
    ...(settings.authority === "acme" && { source: settings.acmeDirectoryUrl }),
    now,
  });
  if (found === undefined && relay === "off") {
    return skipped(check, "there is none that could be read; the relay orders one when it starts");
  }
  const why = problems.join("; ");
  const fix =
    "glossond cert renew orders one now and tells each step; the checks of DNS and ACME name what is in its way";
  if (state === "unusable") return fault(check, why, fix);
  if (state === "attention") return warning(check, why, fix);
  return ok(check, `for ${found?.join(" ")} until ${notAfter}`);
}

/**
 * Shows whether a relay that takes another's place loses connections that wait (ip-sysctl, Linux 5.14).
 *
 * @param proc where the kernel's settings are. @default {"/proc"}
 */
export async function checkHandOver(proc = "/proc"): Promise<Finding[]> {
  const check = "hand-over";
  const name = "net.ipv4.tcp_migrate_req";
  try {
    const value = await Deno.readTextFile(`${proc}/sys/${name.replaceAll(".", "/")}`);
    return [
      ok(
        check,
        value.trim() === "1"
          ? `loses no connection: ${name} is 1`
          : `may lose a few connections, since ${name} is ${value.trim()}; not so after sysctl -w ${name}=1, as glossond@.service has it`,
      ),
    ];
  } catch {
    // Another system, or an older kernel.
    return [];
  }
}
