import type { CaaStore } from "../caa.ts";
import { issuersFrom, issuersSince, toCaaByUser, toIssuer, toUserCaa, USER_CAA } from "../rows.ts";
import type { PostgresEngine } from "./engine.ts";
import { lockActor } from "./names_lock.ts";
import { failOrders } from "./orders.ts";

/** Keeps what users asked for in the database; `now` in milliseconds since the epoch. */
export function caaTable(engine: PostgresEngine, now: () => number): CaaStore {
  return {
    of: (username) =>
      engine.read(async (ask) => {
        const { rows: [row] } = await ask(`${USER_CAA} WHERE username = $1`, [username]);
        return row && toUserCaa(row);
      }),
    all: () => engine.read(async (ask) => toCaaByUser((await ask(USER_CAA)).rows)),
    set: (token, caa, ownAccount) =>
      engine.write(async (ask) => {
        const username = await lockActor(ask, token);
        if (username === undefined) return undefined;
        if (caa === undefined) {
          await ask("DELETE FROM user_caa WHERE username = $1", [username]);
          return username;
        }
        const { authority, accountUrl } = caa === "relay"
          ? { authority: null, accountUrl: null }
          : caa;
        await ask(
          `INSERT INTO user_caa (username, authority, account_url) VALUES ($1, $2, $3)
           ON CONFLICT (username) DO UPDATE SET authority = $2, account_url = $3`,
          [username, authority, accountUrl],
        );
        if (caa !== "relay") await failOrders(ask, username, ownAccount, now());
        return username;
      }),
    issuers: () =>
      engine.read(async (ask) =>
        (await ask(issuersSince("$1"), [issuersFrom(now())])).rows.map(toIssuer)
      ),
    async noteIssuer(relay, { authority, accountUrl }) {
      await engine.write((ask) =>
        ask(
          `INSERT INTO caa_issuer (relay, authority, account_url, seen_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (relay) DO UPDATE SET authority = $2, account_url = $3, seen_at = $4`,
          [relay, authority, accountUrl, now()],
        )
      );
    },
  };
}
