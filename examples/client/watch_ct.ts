import { Api } from "./api.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { openRelayHttp } from "./relay_http.ts";
import type { State } from "./state.ts";
import { CtService } from "./watch/ct.ts";
import { CT_ADVICE } from "./watch/ct_watch.ts";
import { foreignCertificates, foreignText } from "./watch/foreign_certificates.ts";
import type { WatchCtOptions } from "./watch_ct_arguments.ts";

/**
 * Looks once in the public logs for certificates that others could stand for the page by, and tells by the exit code
 * whether there are any.
 *
 * @throws {Error} with a message for the person, if the service or the relay cannot be asked.
 */
export async function lookInLogs(
  { service }: Pick<WatchCtOptions, "service">,
  { state, say }: { state: State; say: (text: string) => void },
): Promise<ExitCode> {
  const { hostname, relay: url, token } = await state.neededAccount();
  const relay = new URL(url);
  const http = openRelayHttp(relay, await state.ca());
  const over = new AbortController();
  try {
    const { foreign, failures: [failure] } = await foreignCertificates({
      hostname,
      service: new CtService(service, over.signal),
      api: new Api({ relay, http, token }),
      state,
    });
    if (foreign.length === 0) {
      if (failure !== undefined) throw failure;
      say(`Every certificate for ${hostname} in the public logs is yours or the relay's.`);
      return EXIT.well;
    }
    say(`NEITHER YOURS NOR THE RELAY'S:\n${foreign.map(foreignText).join("\n")}\n\n${CT_ADVICE}.`);
    if (failure !== undefined) say(`\nThere may be more of them: ${failure.message}.`);
    return EXIT.otherEnd;
  } finally {
    over.abort();
    http.close();
  }
}
