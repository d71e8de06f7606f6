/**
 * The schema, one step a version; `PRAGMA user_version` counts the steps that were taken.
 *
 * A released step never changes: add another one. Times are milliseconds since the epoch.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE account (
     username       TEXT PRIMARY KEY,
     token_hash     BLOB NOT NULL UNIQUE,
     created_at     INTEGER NOT NULL,
     verified_at    INTEGER NOT NULL,
     last_online_at INTEGER
   ) STRICT;
   -- Not a column of account: a name can be blocked before it has one, and stays so after.
   CREATE TABLE blocked_name (
     username   TEXT PRIMARY KEY,
     blocked_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE claim (
     id_hash       BLOB PRIMARY KEY,
     username      TEXT NOT NULL,
     code          TEXT NOT NULL,
     created_at    INTEGER NOT NULL,
     expires_at    INTEGER NOT NULL,
     verifications INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX claim_expires_at ON claim (expires_at);
   CREATE TABLE certificate_order (
     id          TEXT PRIMARY KEY,
     username    TEXT NOT NULL,
     csr         TEXT NOT NULL,
     status      TEXT NOT NULL CHECK (status IN ('pending', 'ready', 'failed')),
     certificate TEXT,
     problem     TEXT,
     not_after   INTEGER,
     renew_after INTEGER,
     created_at  INTEGER NOT NULL,
     ended_at    INTEGER
   ) STRICT;
   CREATE INDEX certificate_order_username ON certificate_order (username, created_at);`,
  // What the relay shows of a user who is away, see ../accounts.ts.
  `ALTER TABLE account ADD COLUMN offline_page TEXT NOT NULL DEFAULT 'full'
     CHECK (offline_page IN ('full', 'plain', 'none'));
   ALTER TABLE account ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 1;
   ALTER TABLE account ADD COLUMN away TEXT;`,
  // Whether visitors wait for the user: 0 while they are online, when they left, or NULL.
  `ALTER TABLE account ADD COLUMN left_at INTEGER;`,
  // Claims carry what they are about, see account/claim_seal.ts; what was open is to be made anew.
  `DROP TABLE claim;
   CREATE TABLE relay_key (
     name TEXT PRIMARY KEY,
     key  BLOB NOT NULL
   ) STRICT;
   CREATE TABLE claim_check (
     claim_hash    BLOB PRIMARY KEY,
     expires_at    INTEGER NOT NULL,
     verifications INTEGER NOT NULL,
     used          INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX claim_check_expires_at ON claim_check (expires_at);`,
  // The sets in the DNS that are this relay's, see ../names.ts.
  `CREATE TABLE name_record (
     name     TEXT NOT NULL,
     type     TEXT NOT NULL,
     contents TEXT NOT NULL,
     PRIMARY KEY (name, type, contents)
   ) STRICT;`,
  // Who did what, see ../acts.ts; and why a name is blocked, in the operator's words.
  `CREATE TABLE act (
     id       INTEGER PRIMARY KEY,
     at       INTEGER NOT NULL,
     act      TEXT NOT NULL,
     username TEXT,
     detail   TEXT,
     by       TEXT NOT NULL CHECK (by IN ('operator', 'user', 'signal')),
     uid      INTEGER,
     sudo_uid INTEGER,
     reason   TEXT
   ) STRICT;
   CREATE INDEX act_username ON act (username);
   CREATE INDEX act_of_user ON act (by = 'user', id);
   ALTER TABLE blocked_name ADD COLUMN reason TEXT;`,
  // Released names that rest, see ../rests.ts; a hash of the profile's id where that is told.
  `ALTER TABLE account ADD COLUMN profile_hash BLOB;
   CREATE TABLE resting_name (
     username     TEXT PRIMARY KEY,
     released_at  INTEGER NOT NULL,
     rests_until  INTEGER NOT NULL,
     profile_hash BLOB
   ) STRICT;`,
  // Of single users, see ../figures.ts and ../limits.ts; they end with the account.
  `CREATE TABLE user_figure (
     username          TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE,
     visitors          INTEGER NOT NULL,
     dialled           INTEGER NOT NULL,
     bytes_to_client   INTEGER NOT NULL,
     bytes_to_visitors INTEGER NOT NULL,
     last_visit_at     INTEGER,
     day               INTEGER NOT NULL,
     day_bytes         INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE user_limit (
     username      TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE,
     connections   INTEGER,
     bytes_per_day INTEGER
   ) STRICT;`,
  // What was seen of users' profiles since, see ../profiles.ts; nothing where they could not be read.
  `CREATE TABLE profile_check (
     username   TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE,
     state      TEXT CHECK (state IN ('there', 'gone', 'another')),
     since      INTEGER,
     checked_at INTEGER,
     due_at     INTEGER NOT NULL
   ) STRICT;`,
  // Domains of users' own, see ../domains.ts; they end with the account.
  `CREATE TABLE own_domain (
     domain       TEXT PRIMARY KEY,
     username     TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
     verified_at  INTEGER NOT NULL,
     -- Since when it is seen to lead elsewhere.
     astray_since INTEGER,
     due_at       INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX own_domain_username ON own_domain (username);
   CREATE INDEX own_domain_due_at ON own_domain (due_at);`,
  // What a certificate is for besides the user's host, see ../rows.ts.
  `ALTER TABLE certificate_order ADD COLUMN below TEXT NOT NULL DEFAULT '';`,
  // Who alone may order certificates for users' names, see ../caa.ts; NULL: the relay.
  `CREATE TABLE user_caa (
     username    TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE,
     authority   TEXT,
     account_url TEXT
   ) STRICT;
   CREATE TABLE caa_issuer (
     relay       TEXT PRIMARY KEY,
     authority   TEXT NOT NULL,
     account_url TEXT NOT NULL,
     seen_at     INTEGER NOT NULL
   ) STRICT;`,
];
