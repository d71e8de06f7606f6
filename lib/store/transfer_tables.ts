/** A column of a table that is carried over. */
export interface Column {
  name: string;
  kind: "text" | "number" | "bytes";
  /** What it is in SQLite, if not that name. */
  sqlite?: string;
}

/** A table that is carried over, all of it. */
export interface Table {
  name: string;
  columns: readonly Column[];
  /** The column that PostgreSQL counts up by itself. */
  counted?: string;
}

function columns(kind: Column["kind"], names: string): Column[] {
  return names.split(" ").map((name) => ({ name, kind }));
}

/** All that the store keeps, in an order in which each row finds those that it points to. */
export const TABLES: readonly Table[] = [
  {
    name: "account",
    columns: [
      ...columns("text", "username offline_page away"),
      ...columns("number", "created_at verified_at last_online_at last_seen left_at"),
      ...columns("bytes", "token_hash profile_hash"),
    ],
  },
  {
    name: "blocked_name",
    columns: [...columns("text", "username reason"), ...columns("number", "blocked_at")],
  },
  {
    name: "certificate_order",
    columns: [
      { name: "number", kind: "number", sqlite: "rowid" },
      ...columns("text", "id username csr status certificate problem below"),
      ...columns("number", "not_after renew_after created_at ended_at"),
    ],
    counted: "number",
  },
  {
    name: "relay_key",
    columns: [...columns("text", "name"), ...columns("bytes", "key")],
  },
  {
    name: "claim_check",
    columns: [
      ...columns("bytes", "claim_hash"),
      ...columns("number", "expires_at verifications used"),
    ],
  },
  { name: "name_record", columns: columns("text", "name type contents") },
  {
    name: "act",
    columns: [
      ...columns("number", "id at uid sudo_uid"),
      ...columns("text", "act username detail by reason"),
    ],
    counted: "id",
  },
  {
    name: "resting_name",
    columns: [
      ...columns("text", "username"),
      ...columns("number", "released_at rests_until"),
      ...columns("bytes", "profile_hash"),
    ],
  },
  {
    name: "user_figure",
    columns: [
      ...columns("text", "username"),
      ...columns("number", "visitors dialled bytes_to_client bytes_to_visitors"),
      ...columns("number", "last_visit_at day day_bytes"),
    ],
  },
  {
    name: "user_limit",
    columns: [...columns("text", "username"), ...columns("number", "connections bytes_per_day")],
  },
  {
    name: "profile_check",
    columns: [
      ...columns("text", "username state"),
      ...columns("number", "since checked_at due_at"),
    ],
  },
  {
    name: "own_domain",
    columns: [
      ...columns("text", "domain username"),
      ...columns("number", "verified_at astray_since due_at"),
    ],
  },
  { name: "user_caa", columns: columns("text", "username authority account_url") },
  {
    name: "caa_issuer",
    columns: [...columns("text", "relay authority account_url"), ...columns("number", "seen_at")],
  },
];
