import { createBioCommand } from "../account/bio_command.ts";
import { networkCause } from "../net/network_cause.ts";
import type { Settings } from "../config/settings.ts";
import { fault, type Finding, ok, skipped, warning } from "./finding.ts";

/** How long one request may take. */
const REQUEST_TIMEOUT_MS = 8_000;

/** How far the clock may be off: certificates are valid from a minute or so before now. */
const MAX_CLOCK_ERROR_MS = 30_000;

/** A name that no profile has, so that the bio script has to say so. */
const NOBODY = "glossond-doctor-nobody";

/** Runs the bio script for a name that nobody has. */
export async function checkBio(settings: Settings): Promise<Finding> {
  const check = "bio script";
  const script = settings.bioScript;
  let complaint = "";
  const bio = createBioCommand({
    script,
    log: {
      debug() {},
      info() {},
      warn: (_, fields) => complaint = String(fields?.stderr ?? ""),
      error: (message) => complaint = message,
      debugEnabled: false,
    },
  });
  const result = await bio.run(NOBODY);
  const said = complaint.trim().split("\n").at(-1);
  // A script that crashes ends with 1 too, the status of "no such profile": only its words tell.
  if (result.state === "not-found" && said) {
    return fault(
      check,
      `${script} complains about ${NOBODY}: ${said}`,
      `run python3 ${script} ${NOBODY} by hand: it must exit with 1 and write no error`,
    );
  }
  if (result.state === "not-found") return ok(check, `${script} knows no ${NOBODY}, as it should`);
  if (result.state === "found") {
    return warning(
      check,
      `${script} prints a bio for ${NOBODY}, whom nobody is`,
      "let it exit with 1 where there is no such profile",
    );
  }
  return fault(
    check,
    `${script} fails: ${result.why}${said ? ` (${said})` : ""}`,
    `run python3 ${script} NAME by hand as the relay's user: 0 and the bio, or 1 for nobody`,
  );
}

/** Asks the ACME server for its directory, and by its answer for the time. */
export async function checkAcme(
  settings: Settings,
  caPem: string | undefined,
  now: () => number,
): Promise<Finding[]> {
  if (settings.authority !== "acme") {
    return [
      skipped("ACME server", "is not used by the local authority"),
      skipped("clock", "is compared with an ACME server only"),
    ];
  }
  const url = settings.acmeDirectoryUrl;
  using client = caPem === undefined ? undefined : Deno.createHttpClient({ caCerts: [caPem] });
  const answer = await ask(url, client === undefined ? {} : { client });
  if (answer instanceof Error) {
    return [
      fault(
        "ACME server",
        `${url}: ${networkCause(answer).why}`,
        "let this machine connect out to it; a private server needs GLOSSOND_ACME_CA_FILE",
      ),
      skipped("clock", "there is no server to compare it with"),
    ];
  }
  const directory = await answer.json().catch(() => undefined) as { newOrder?: string } | undefined;
  const date = Date.parse(answer.headers.get("Date") ?? "");
  return [
    directory?.newOrder !== undefined ? ok("ACME server", `${url} answers`) : fault(
      "ACME server",
      `${url} answers ${answer.status}, and not with an ACME directory`,
      "check GLOSSOND_ACME_DIRECTORY_URL",
    ),
    clock(date, now()),
  ];
}

function clock(theirs: number, ours: number): Finding {
  if (Number.isNaN(theirs)) return skipped("clock", "the ACME server tells no time");
  const off = Math.round((ours - theirs) / 1000);
  if (Math.abs(off) * 1000 <= MAX_CLOCK_ERROR_MS) {
    return ok("clock", `is right to ${Math.abs(off)} s`);
  }
  return fault(
    "clock",
    `is ${Math.abs(off)} s ${off > 0 ? "ahead" : "behind"} of the ACME server's`,
    "let the machine keep time: timedatectl set-ntp true",
  );
}

/** Makes one request. */
export async function ask(
  url: string,
  init: RequestInit & { client?: Deno.HttpClient },
): Promise<Response | Error> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  } catch (error) {
    return error as Error;
  }
}
