import type { AdminClient } from "../admin/client.ts";
import { RENEW_EXIT } from "./cert_renew.ts";
import type { RenewalLine } from "../admin/commands.ts";
import { createProgress, type Progress } from "./progress.ts";

/** Options for {@linkcode renewLive}. */
export interface RenewLiveOptions {
  relay: AdminClient;
  force: boolean;
  json: boolean;
  /** Erases the line of the terminal that `write` goes to, which gets a spinner. */
  eraseLine?: () => void;
  write: (text: string) => void;
  /** Ends this wait; the relay goes on with the order. */
  signal?: AbortSignal;
}

/**
 * `glossond cert renew` when the relay runs: it does the work as its own user, with its own settings,
 * and serves what it gets at once.
 *
 * @returns a value of {@linkcode RENEW_EXIT}.
 * @throws {Error} when the relay stops before the end.
 */
export async function renewLive(options: RenewLiveOptions): Promise<number> {
  const { relay, force, json, eraseLine, write, signal } = options;
  const progress = createProgress({ json, ...(eraseLine && !json && { eraseLine }), write });
  const stopped = Promise.withResolvers<number>();
  const leave = (): void => {
    progress.end("left", {
      why: signal?.reason,
      while: progress.waiting(),
      hint: "the relay goes on with the order",
    });
    stopped.resolve(RENEW_EXIT.failed);
  };
  signal?.addEventListener("abort", leave);
  if (signal?.aborted) leave();
  try {
    return await Promise.race([follow(relay.renew(force), progress), stopped.promise]);
  } finally {
    progress.close();
  }
}

async function follow(lines: AsyncIterable<RenewalLine>, progress: Progress): Promise<number> {
  for await (const line of lines) {
    if ("step" in line) {
      progress.step(line.step, line.fields);
      continue;
    }
    progress.end(line.result, line.fields);
    if (line.result === "busy") return RENEW_EXIT.busy;
    if (line.result !== "failed") return RENEW_EXIT.done;
    return line.usable ? RENEW_EXIT.failed : RENEW_EXIT.unusable;
  }
  throw new Error("The relay stopped before the end of the order: see its log, and try again");
}
