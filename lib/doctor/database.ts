import type { Settings } from "../config/settings.ts";
import { lookAtServer } from "../store/open.ts";
import { storePlaceOf } from "../store_place.ts";
import { fault, type Finding, ok, warning } from "./finding.ts";

const CHECK = "PostgreSQL";

/** How far the server's clock may be from a relay's: rests and orders are told by both. */
export const CLOCK_MS = 5_000;

/** Asks the PostgreSQL server, where the store is at one; `now` in milliseconds since the epoch. */
export async function checkDatabase(settings: Settings, now: () => number): Promise<Finding[]> {
  try {
    const look = await lookAtServer(await storePlaceOf(settings));
    if (look === undefined) return [];
    const { version, encrypted, readOnly, clock } = look;
    if (readOnly) {
      return [fault(
        CHECK,
        "is read-only: nobody can claim a name or order a certificate",
        "have GLOSSOND_DATABASE_URL lead to the primary, or promote this one",
      )];
    }
    const ahead = clock - now();
    if (Math.abs(ahead) > CLOCK_MS) {
      const seconds = Math.round(Math.abs(ahead) / 1_000);
      return [warning(
        CHECK,
        `its clock is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} this one's`,
        "have both follow NTP",
      )];
    }
    return [ok(CHECK, `${version}, ${encrypted ? "by TLS" : "not encrypted"}, takes changes`)];
  } catch (error) {
    return [fault(
      CHECK,
      (error as Error).message,
      "until then nobody can claim a name, and the relay does not start",
    )];
  }
}
