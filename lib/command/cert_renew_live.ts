import type { AdminClient } from "../admin/client.ts";
import { RENEW_EXIT } from "./cert_renew.ts";
import { createProgress } from "./progress.ts";

/** Options for {@linkcode renewLive}. */
export interface RenewLiveOptions {
  relay: AdminClient;
  force: boolean;
  json: boolean;
  /** Erases the line of the terminal that `write` goes to, which gets a spinner. */
  eraseLine?: () => void;
  write: (text: string) => void;
}

/**
 * `glossond cert renew` when the relay runs: it does the work as its own user, with its own settings,
 * and serves what it gets at once.
 *
 * @returns a value of {@linkcode RENEW_EXIT}.
 * @throws {Error} when the relay stops before the end.
 */
export async function renewLive(options: RenewLiveOptions): Promise<number> {
  const { relay, force, json, eraseLine, write } = options;
  const progress = createProgress({ json, ...(eraseLine && !json && { eraseLine }), write });
  try {
    for await (const line of relay.renew(force)) {
      if ("step" in line) {
        progress.step(line.step, line.fields);
        continue;
      }
      progress.end(line.result, line.fields);
      if (line.result === "busy") return RENEW_EXIT.busy;
      if (line.result !== "failed") return RENEW_EXIT.done;
      return line.usable ? RENEW_EXIT.failed : RENEW_EXIT.unusable;
    }
  } catch (error) {
    throw new Error(`The relay stopped before the end of the order: ${(error as Error).message}`);
  } finally {
    progress.close();
  }
  throw new Error("The relay stopped before the end of the order: see its log, and try again");
}
