/**
 * CAA records at the page's own name: who alone may order certificates for it.
 *
 * @module
 */
import { Api } from "../api.ts";
import { openRelayHttp } from "../relay_http.ts";
import type { CaaAnswer } from "../relay_answers.ts";
import type { SetupWorld } from "../setup.ts";
import type { CaaOptions } from "./arguments.ts";

/** Word for this in a relay's `features`. */
const FEATURE = "caa";

/**
 * Does what `glosson caa` is asked for.
 *
 * @throws {Error} with a message for the person.
 */
export async function caaCommand(
  { who }: CaaOptions,
  { state, say, now }: Pick<SetupWorld, "state" | "say" | "now">,
): Promise<void> {
  const { relay, token, hostname } = await state.neededAccount();
  const http = openRelayHttp(new URL(relay), await state.ca());
  try {
    const api = new Api({ relay: new URL(relay), http, token, now });
    if (!(await api.relayInfo()).features?.includes(FEATURE)) {
      throw new Error(
        "This relay writes no CAA records for its users: it is too old, or does not hold the DNS of its names",
      );
    }
    const answer = who === undefined
      ? await api.caa()
      : await api.setCaa({ account: who === "relay" ? who : null });
    say(caaText(hostname, answer));
  } finally {
    http.close();
  }
}

function caaText(hostname: string, { account, records, written, detail }: CaaAnswer): string {
  const who = account === null
    ? `Nobody is barred by records of ${hostname} itself; what the relay's domain says of certificates holds.`
    : `Certificates for ${hostname}, and names below it, are for ${
      account === "relay" ? "the relay's account" : account
    } alone to order:\n\n${records.map((record) => `    ${record}`).join("\n")}`;
  return written
    ? who
    : `${who}\n\nThe DNS is not so yet: ${detail ?? "the relay gives no reason"}`;
}
