import type { Settings } from "../config/settings.ts";
import { lookAtServers, type ServerFault, type ServerLook } from "../store/open.ts";
import { storePlaceOf } from "../store_place.ts";
import { fault, type Finding, ok, warning } from "./finding.ts";

const CHECK = "PostgreSQL";

/** How far the server's clock may be from a relay's: rests and orders are told by both. */
export const CLOCK_MS = 5_000;

/** How far a standby may be behind: relays change something every 2 s. */
const BEHIND_MS = 30_000;

/** What comes of a database that cannot be used. */
const UNTIL = "until then nobody can claim a name, and the relay does not start";

/** What a primary is that takes no changes, and what to do about it. */
const SET_READ_ONLY = "is read-only, and no standby";
const TURN_OFF =
  "turn off default_transaction_read_only, which the server, the database or the role has on";

/** Asks each PostgreSQL server, where the store is at one; `now` in milliseconds since the epoch. */
export async function checkDatabase(settings: Settings, now: () => number): Promise<Finding[]> {
  let looks: (ServerLook | ServerFault)[];
  try {
    looks = await lookAtServers(await storePlaceOf(settings));
  } catch (error) {
    return [fault(CHECK, (error as Error).message, UNTIL)];
  }
  const primaries = looks.flatMap((look) => "error" in look || look.readOnly ? [] : [look]);
  if (primaries.length > 1) return [checkRivals(primaries)];
  return looks.map((look) => {
    if ("error" in look) {
      const { message } = look.error;
      return primaries.length === 0 ? fault(CHECK, message, UNTIL) : warning(
        CHECK,
        message,
        "until then there is no other server to promote",
      );
    }
    if (look.readOnly && primaries.length === 0) return checkReadOnly(look, looks);
    if (look.isStandby) return checkStandby(look);
    if (look.readOnly) return warning(CHECK, `${look.server} ${SET_READ_ONLY}`, TURN_OFF);
    return checkPrimary(look, looks.length > 1, now());
  });
}

/** Of servers that take changes the one whose timeline is the latest was promoted last. */
function checkRivals(primaries: readonly ServerLook[]): Finding {
  const [newest, ...others] = primaries.toSorted((a, b) => a.timeline! < b.timeline! ? 1 : -1);
  const former = others.find(({ timeline }) => timeline !== newest!.timeline);
  return fault(
    CHECK,
    "two servers take changes: one was the primary before the other was promoted",
    former === undefined
      ? "stop the former one, and make it a standby of the other"
      : `stop ${former.server}, and make it a standby of ${newest!.server}`,
  );
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

/** What to do about one that takes no changes, where none of them does. */
function checkReadOnly(
  { server, isStandby }: ServerLook,
  all: readonly (ServerLook | ServerFault)[],
): Finding {
  const nobody = "nobody can claim a name or order a certificate";
  if (!isStandby) return fault(CHECK, `${server} ${SET_READ_ONLY}: ${nobody}`, TURN_OFF);
  return fault(CHECK, `${server} is read-only, as a standby: ${nobody}`, howToHavePrimary(all));
}

/** A second primary takes changes that are lost later: another one is promoted only where none can be there. */
function howToHavePrimary(all: readonly (ServerLook | ServerFault)[]): string {
  const faults = all.filter((look) => "error" in look);
  const isRefused = faults.some(({ isReached }) => isReached) ||
    all.some((look) => !("error" in look) && !look.isStandby);
  if (isRefused) {
    return "mend the other server, which may be the primary, and do not promote this one";
  }
  return faults.length === 0
    ? "have GLOSSOND_DATABASE_URL lead to the primary"
    : "start the primary, or promote this one";
}

function checkStandby({ server, behindMs }: ServerLook): Finding {
  const seeLog = "see its log: what it lacks is lost when it is promoted";
  if (behindMs === null) {
    return warning(CHECK, `${server} is a standby that has had nothing of the primary yet`, seeLog);
  }
  const how = `${server} is a standby, ${Math.round(behindMs / 1_000)} s behind`;
  return behindMs > BEHIND_MS ? warning(CHECK, how, seeLog) : ok(CHECK, how);
}
