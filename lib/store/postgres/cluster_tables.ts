/**
 * What relays of one BASE share besides the store's records, a step of the schema; `lib/cluster` works on
 * it.
 *
 * Each change has a number. Whoever changes something holds an advisory lock until it is committed, so
 * that who has read a number has read all below it. Times are the database's, whose clock may be set: each relay
 * tells by its own how long another one's `heard_at` has been the same.
 */
export const CLUSTER_TABLES = `
  CREATE TABLE relay (
    id       text COLLATE "C" PRIMARY KEY,
    boot     text NOT NULL,
    version  text NOT NULL,
    users    bigint NOT NULL DEFAULT 0,
    visitors bigint NOT NULL DEFAULT 0,
    alive    boolean NOT NULL DEFAULT true,
    heard_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE SEQUENCE change_number;
  CREATE TABLE presence (
    username text COLLATE "C" PRIMARY KEY,
    relay    text NOT NULL,
    boot     text NOT NULL,
    epoch    bigint NOT NULL,
    state    text NOT NULL CHECK (state IN ('online', 'left', 'gone')),
    number   bigint NOT NULL DEFAULT nextval('change_number')
  );
  CREATE INDEX presence_number ON presence (number);
  CREATE INDEX presence_online ON presence (boot) WHERE state = 'online';
  CREATE TABLE notice (
    number   bigint PRIMARY KEY DEFAULT nextval('change_number'),
    told_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    boot     text NOT NULL,
    kind     text NOT NULL,
    username text
  );
`;
