import type { Settings } from "../config/settings.ts";
import { lookAtServers, type ServerLook } from "../store/open.ts";
import { storePlaceOf } from "../store_place.ts";
import { fault, type Finding, ok, warning } from "./finding.ts";

const CHECK = "PostgreSQL";

/** How far the server's clock may be from a relay's: rests and orders are told by both. */
export const CLOCK_MS = 5_000;

/** How far a standby may be behind: relays change something every 2 s. */
const BEHIND_MS = 30_000;

/** What comes of a database that cannot be used. */
const UNTIL = "until then nobody can claim a name, and the relay does not start";

/** Asks each PostgreSQL server, where the store is at one; `now` in milliseconds since the epoch. */
export async function checkDatabase(settings: Settings, now: () => number): Promise<Finding[]> {
  let looks: (ServerLook | Error)[];
  try {
    looks = await lookAtServers(await storePlaceOf(settings));
  } catch (error) {
    return [fault(CHECK, (error as Error).message, UNTIL)];
  }
  const primaries = looks.filter((look) => !(look instanceof Error) && !look.readOnly);
  if (primaries.length > 1) {
    return [fault(
      CHECK,
      "two servers take changes: one was the primary before the other was promoted",
      "stop the former one, and make it a standby of the other",
    )];
  }
  return looks.map((look) => {
    if (look instanceof Error) {
      return primaries.length === 0 ? fault(CHECK, look.message, UNTIL) : warning(
        CHECK,
        look.message,
        "until then there is no other server to promote",
      );
    }
    if (look.readOnly) return checkStandby(look, primaries.length > 0);
    return checkPrimary(look, looks.length > 1, now());
  });
}

function checkPrimary(
  { server, version, encrypted, clock }: ServerLook,
  isOneOfMany: boolean,
  now: number,
): Finding {
  const ahead = clock - now;
  if (Math.abs(ahead) > CLOCK_MS) {
    const seconds = Math.round(Math.abs(ahead) / 1_000);
    return warning(
      CHECK,
      `its clock is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} this one's`,
      "have both follow NTP",
    );
  }
  const how = `${version}, ${encrypted ? "by TLS" : "not encrypted"}, takes changes`;
  return ok(CHECK, isOneOfMany ? `${server}: ${how}` : how);
}

function checkStandby({ server, behindMs }: ServerLook, hasPrimary: boolean): Finding {
  if (!hasPrimary) {
    return fault(
      CHECK,
      `${server} is read-only: nobody can claim a name or order a certificate`,
      "have GLOSSOND_DATABASE_URL lead to the primary, or promote this one",
    );
  }
  const seconds = Math.round((behindMs ?? 0) / 1_000);
  if (behindMs === null || behindMs > BEHIND_MS) {
    return warning(
      CHECK,
      `${server} is a standby, ${seconds} s behind`,
      "see its log: what it lacks is lost when it is promoted",
    );
  }
  return ok(CHECK, `${server} is a standby, ${seconds} s behind`);
}
