import { StoreError } from "../error.ts";
import type { PostgresPlace } from "./client_config.ts";
import { lookAtPostgres, type ServerLook } from "./look.ts";
import { choiceFor } from "./server_choice.ts";

/**
 * Looks at all servers of a database, so that one which was the primary before another was promoted, and takes
 * changes all the same, is not taken for it: what it takes is lost with it. Where there is only one, nothing is
 * asked.
 *
 * @throws {StoreError} when it cannot be told which one is the primary; the message has the fix.
 */
export async function findPrimary(place: PostgresPlace): Promise<void> {
  if (place.address.servers.length === 1) return;
  const looks = await lookAtPostgres(place);
  const timeline = newestTimeline(looks.flatMap((look) => "error" in look ? [] : [look]));
  if (timeline !== undefined) choiceFor(place.address).saw(timeline);
}

/**
 * The timeline of the primary that was promoted last; undefined where there is none.
 *
 * @throws {StoreError} when there are two of which neither was promoted after the other.
 */
export function newestTimeline(
  looks: readonly Pick<ServerLook, "server" | "system" | "timeline" | "readOnly">[],
): string | undefined {
  // One that is set to take no changes has been left on purpose, for another that is no copy of it, too.
  const primaries = looks.filter(({ readOnly, timeline }) => !readOnly && timeline !== null)
    .toSorted((a, b) => a.timeline! < b.timeline! ? 1 : -1);
  const [newest, ...others] = primaries;
  if (newest === undefined) return undefined;
  const stranger = others.find(({ system }) => system !== newest.system);
  if (stranger !== undefined) {
    throw new StoreError(
      `Cannot use the database: ${newest.server} and ${stranger.server} both take changes, and neither was made from the other; name the right one alone in GLOSSOND_DATABASE_URL, or make the other its standby`,
    );
  }
  const rival = others.find(({ timeline }) => timeline === newest.timeline);
  if (rival !== undefined) {
    throw new StoreError(
      `Cannot use the database: ${newest.server} and ${rival.server} both take changes since the same promotion (timeline ${
        parseInt(newest.timeline!, 16)
      }); stop one of them, and make it a standby of the other`,
    );
  }
  return newest.timeline!;
}
