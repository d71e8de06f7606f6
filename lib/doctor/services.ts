import { readDirectory } from "../acme/objects.ts";
import { boundedText } from "../net/bounded_text.ts";
import { networkCause } from "../net/network_cause.ts";
import type { Settings } from "../config/settings.ts";
import { fault, type Finding, ok, skipped } from "./finding.ts";

/** How long one request may take. */
const REQUEST_TIMEOUT_MS = 8_000;

/** How long an ACME server's directory may be; it has a kilobyte. */
const MAX_DIRECTORY_BYTES = 64 * 1024;

/** How far the clock may be off: certificates are valid from a minute or so before now. */
const MAX_CLOCK_ERROR_MS = 30_000;

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
  const isDirectory = await boundedText(answer, MAX_DIRECTORY_BYTES)
    .then((text) => readDirectory(JSON.parse(text))).then(() => true, () => false);
  const date = Date.parse(answer.headers.get("Date") ?? "");
  return [
    isDirectory ? ok("ACME server", `${url} answers`) : fault(
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
