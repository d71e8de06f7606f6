import { EXIT, type ExitCode } from "./exit_codes.ts";
import { readPem } from "./read_pem.ts";
import { connectHost } from "./relay_url.ts";
import type { VerifyOptions } from "./verify_arguments.ts";
import { look, type Sight } from "./watch/look.ts";

/** How long the page may take to answer, milliseconds. */
const ANSWER_MS = 20_000;

/**
 * Opens a page through the front door as a visitor does, says what it saw, and tells by the exit code whether that
 * is what it was told to be.
 *
 * @throws {Error} with a message for the person, if the page could not be looked at.
 */
export async function verify(
  options: VerifyOptions,
  say: (text: string) => void,
): Promise<ExitCode> {
  const { page } = options;
  const host = (options.address ?? connectHost(page.hostname)).replace(/^\[(.*)\]$/, "$1");
  const port = Number(page.port || 443);
  const ca = options.ca === undefined
    ? undefined
    : await readPem(options.ca, "the authorities given with --ca");
  let sight: Sight;
  try {
    sight = await look({
      ...{ host, port, ca, serverName: page.hostname },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (error) {
    throw new Error(`Cannot look at ${page.origin} at ${host}: ${(error as Error).message}`);
  }
  say(sightText(sight));
  const wrong = differences(sight, options);
  if (wrong.length === 0) {
    say(`\nThis is the page's own computer: nobody between can read what passes.`);
    return EXIT.well;
  }
  say(`\nNOT WHAT IT SHOULD BE: ${wrong.join("; ")}.\n${ADVICE}`);
  return EXIT.otherEnd;
}

const ADVICE = `If the page's owner is online right now (glosson status on their computer) and shows
another fingerprint there, somebody on the way answers in their place and can read everything: use the page for
nothing secret, and tell its owner, who then asks the relay's operator. If they are away, or the relay cannot reach
them, it is the relay that answers, with its own certificate, to say so.`;

function sightText({ key, alpn, subject, issuer, notAfter, distrust }: Sight): string {
  const rows = [
    ["Key", key],
    ["Certificate", `${subject || "for its names"}, until ${new Date(notAfter).toISOString()}`],
    ["Issued by", issuer],
    ["Trusted", distrust === undefined ? "yes" : `NO: ${distrust}`],
    ["ALPN", alpn ?? "nothing agreed on"],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`).join("\n");
}

function differences(
  { key, alpn, distrust }: Sight,
  expected: Pick<VerifyOptions, "key" | "alpn">,
): string[] {
  return [
    ...key === expected.key ? [] : [`the key should be ${expected.key}`],
    ...distrust === undefined ? [] : [`browsers do not take the certificate (${distrust})`],
    ...expected.alpn === undefined || alpn === expected.alpn
      ? []
      : [`ALPN should agree on ${expected.alpn}`],
  ];
}
