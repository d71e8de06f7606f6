import type { Bounds, ClusterCosts, Loss } from "./cluster_model.ts";

/**
 * What `deno task bench cluster` measured on 2026-11-26: Deno 2.9.6, PostgreSQL 15, 2 shared cores (AMD EPYC),
 * other work on the machine at a lower priority.
 */
export const MEASURED: ClusterCosts = {
  // A write of one took 1.5, 2.2 and 4.1 ms where 2, 4 and 8 relays were told.
  writeMs: 0.6,
  userMs: { connect: 0.5, disconnect: 0.2, stay: 0.04 },
  heardMs: 0.44,
  // As often as the announcer writes at most: 2 relays did 41 times a second.
  turnMs: 50,
  clientMs: 2,
  pageMs: 10,
  compareUs: 0.26,
  nameBytes: 221,
  walBytes: { connect: 890, disconnect: 800, stay: 460, visit: 290 },
  rows: { connect: 2, disconnect: 2, stay: 1, visit: 1 },
  idleWalBytes: 70,
};

/** A loss that was measured on the same day, twice, with nothing else on the machine, and what came of it. */
export const MEASURED_LOSS: { loss: Loss; backS: number; databaseCpuS: number } = {
  loss: { clients: 5_000, left: 2, machine: { cores: 2, clientMs: 0.61 } },
  backS: 10.1,
  databaseCpuS: 3.5,
};

/** What is too much: for a relay of 2 GB, a small server for the database, and visitors who wait. */
export const BOUNDS: Bounds = {
  lateMs: 250,
  mapBytes: 1e9,
  backS: 30,
  walBytes: 100e9,
  databaseCores: 1,
};
