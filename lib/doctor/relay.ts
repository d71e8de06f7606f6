import { connectAdmin } from "../admin/client.ts";
import { certificateReport } from "../certificate/report.ts";
import type { Settings } from "../config/settings.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";

/** Checks that the state folder is there, can be written, and is its owner's alone. */
export async function checkState(stateDir: string): Promise<Finding> {
  const check = "state folder";
  const probe = `${stateDir}/.doctor-${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(probe, "", { createNew: true });
    await Deno.remove(probe);
    const { mode } = await Deno.stat(stateDir);
    if (mode !== null && (mode & 0o077) !== 0) {
      return warning(
        check,
        `${stateDir} is open to others (mode 0${(mode & 0o777).toString(8)}) and holds keys`,
        `chmod 700 ${stateDir}; the relay does so when it starts`,
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

/** Checks that the relay runs, says that it is ready, and has the descriptors that its limits need. */
export async function checkRelay(settings: Settings): Promise<Finding[]> {
  const { stateDir } = settings;
  try {
    const admin = await connectAdmin(stateDir);
    if (admin === undefined) {
      return [
        fault("relay", `none runs on ${stateDir}`, "start it: systemctl start glossond"),
        skipped("descriptors", "no relay runs"),
      ];
    }
    const report = await admin.status();
    const wrong = report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
    const ready = report.ready ? ok("relay", `${report.software} runs and is ready`) : fault(
      "relay",
      `${report.software} runs and is not ready: ${wrong.join(", ")}`,
      "see the checks below, and its log: journalctl -u glossond -p warning",
    );
    const wanted = { visitors: settings.maxVisitors, clients: settings.maxClients };
    const lowered = report.limits.filter(({ name, max }) =>
      max < (wanted[name as keyof typeof wanted] ?? 0)
    );
    const descriptors = lowered.length === 0
      ? ok("descriptors", "are enough for the limits set")
      : warning(
        "descriptors",
        `are too few: ${
          lowered.map(({ name, max }) => `${name} ${max} instead of ${wanted[name as "visitors"]}`)
            .join(", ")
        }`,
        "raise LimitNOFILE in the unit (ulimit -n elsewhere), or lower GLOSSOND_MAX_…",
      );
    return [ready, descriptors];
  } catch (error) {
    return [
      fault(
        "relay",
        (error as Error).message,
        "run this as root or as the relay's user, with the relay's GLOSSOND_STATE_DIR",
      ),
      skipped("descriptors", "the relay could not be asked"),
    ];
  }
}

/** Checks the stored certificate, its end and the last order. */
export async function checkCertificate(
  settings: Settings,
  names: readonly string[],
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
