import { DatabaseSync } from "node:sqlite";
import { TABLES } from "../../../lib/store/transfer_tables.ts";
import { storeIn } from "../../store/helpers.ts";
import { seedAccounts } from "../../store/helpers.ts";
import { TRACE } from "../../store/trace.ts";

/** Makes the state of a relay that has so many accounts, and rows of every kind; the first one's token. */
export async function fillState(stateDir: string, accounts: number): Promise<string> {
  const names = Array.from({ length: accounts }, (_, i) => `user${i}`);
  const [token = ""] = seedAccounts(stateDir, names);
  const store = storeIn(stateDir);
  try {
    const rules = { limit: 9, windowMs: 1_000, underWay: [], superseded: "{}" };
    for (const [i, username] of names.slice(0, 50).entries()) {
      await store.orders.submit({ id: `${i}`, username, csr: "a csr", createdAt: i }, rules);
      if (i % 2 === 1) continue;
      const ready = { certificate: "pem ✓", notAfter: 9e12, renewAfter: 8e12 };
      await store.orders.finish({ id: `${i}`, username }, ready, i);
    }
    await store.claims.key();
    await store.claims.grant({
      ...{ hash: new Uint8Array(32).fill(1), expiresAt: 9e15, mayBeNew: true },
      ...{ username: "rests", profileId: "7" },
    });
    await store.accounts.release("rests", TRACE, { restMs: 9e12 });
    await store.accounts.setPreferences(token, {
      away: "zurück am Montag 🌞",
      offlinePage: "none",
    });
    await store.accounts.setBlocked("mallory", true, { ...TRACE, reason: "spam" });
    await store.names.written([{
      name: "user0.glosson.test",
      sets: [{ type: "A", contents: "x" }],
    }]);
    const passed = { visitors: 1, dialled: 2, bytesToClient: 2 ** 50, bytesToVisitors: 4 };
    await store.figures.add({
      ...{ writer: "w", number: 1, day: 20_000 },
      passed: new Map([["user0", passed]]),
    });
    await store.limits.set("user0", { connections: 3 }, TRACE);
    await store.profiles.note("user0", { found: true }, 9e12);
    await store.domains.put("example.org", token, { max: 1, dueMs: 9e12 });
    await store.caa.set(token, "relay", "{}");
    await store.caa.noteIssuer("relay-1", {
      authority: "ca.test",
      accountUrl: "https://ca.test/1",
    });
    await store.onlineTimes.markSeen(new Map([["user0", { at: 5, attendance: "left" }]]));
  } finally {
    await store.close();
  }
  return token;
}

/** Every row of every table of a database. */
export function rowsOf(path: string): Record<string, unknown[]> {
  using db = new DatabaseSync(path, { readOnly: true });
  return Object.fromEntries(
    TABLES.map(({ name }) => [
      name,
      db.prepare(`SELECT rowid AS row_number, * FROM ${name} ORDER BY 2, 3`).all()
        .map(({ row_number, ...row }) =>
          name === "certificate_order" ? { row_number, ...row } : row
        ),
    ]),
  );
}
