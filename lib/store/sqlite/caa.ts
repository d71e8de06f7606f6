import type { CaaStore } from "../caa.ts";
import { issuersFrom, issuersSince, toCaaByUser, toIssuer, toUserCaa, USER_CAA } from "../rows.ts";
import type { Engine } from "./engine.ts";
import { orderFailer } from "./orders.ts";
import { actorReader } from "./tokens.ts";

/** Keeps what users asked for in the relay's database; `now` in milliseconds since the epoch. */
export function caaTable(engine: Engine, now: () => number): CaaStore {
  const { db } = engine;
  const of = db.prepare(`${USER_CAA} WHERE username = ?`);
  const all = db.prepare(USER_CAA);
  const put = db.prepare(
    `INSERT INTO user_caa (username, authority, account_url) VALUES (?1, ?2, ?3)
     ON CONFLICT DO UPDATE SET authority = ?2, account_url = ?3`,
  );
  const remove = db.prepare("DELETE FROM user_caa WHERE username = ?");
  const forget = db.prepare("DELETE FROM caa_issuer");
  const note = db.prepare(
    "INSERT INTO caa_issuer (relay, authority, account_url, seen_at) VALUES (?, ?, ?, ?)",
  );
  const issuers = db.prepare(issuersSince("?"));
  const actorOf = actorReader(db);
  const failOrders = orderFailer(db);

  return {
    of: (username) =>
      engine.read(() => {
        const row = of.get(username);
        return row && toUserCaa(row);
      }),
    all: () => engine.read(() => toCaaByUser(all.all())),
    set: (token, caa, ownAccount) =>
      engine.write(() => {
        const username = actorOf(token);
        if (username === undefined) return undefined;
        if (caa === undefined) remove.run(username);
        else if (caa === "relay") put.run(username, null, null);
        else {
          put.run(username, caa.authority, caa.accountUrl);
          failOrders(username, ownAccount, now());
        }
        return username;
      }),
    issuers: () => engine.read(() => issuers.all(issuersFrom(now())).map(toIssuer)),
    noteIssuer: (relay, { authority, accountUrl }) =>
      engine.write(() => {
        forget.run();
        note.run(relay, authority, accountUrl, now());
      }),
  };
}
