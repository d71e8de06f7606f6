import type { Bounds, ClusterCosts, Loss } from "./cluster_model.ts";

/**
 * What `deno task bench cluster` measured on 2026-11-26: Deno 2.9.6, PostgreSQL 15, 2 shared cores (AMD EPYC),
 * other work on the machine at a lower priority.
 */
export const MEASURED: ClusterCosts = {
  // Of 2 relays, whose writes of 1 and of 100 sessions took 1.65 and 9.0 ms.
  writeMs: 0.85,
  userMs: { connect: 0.5, disconnect: 0.2, stay: 0.04 },
  heardMs: 0.4,
  // Of the loss below: 2 relays wrote 58 times in 10.3 s.
  turnMs: 350,
  clientMs: 2,
  readUs: 1.4,
  nameBytes: 221,
  walBytes: { connect: 883, disconnect: 804, stay: 474, visit: 291 },
  rows: { connect: 2, disconnect: 2, stay: 1, visit: 1 },
  idleWalBytes: 69,
};

/** A loss that was measured in the same run, and what came of it. */
export const MEASURED_LOSS: { loss: Loss; backS: number; databaseCpuS: number } = {
  loss: { clients: 5_000, left: 2, machine: { cores: 2, clientMs: 0.61 } },
  backS: 10.3,
  databaseCpuS: 1.9,
};

/** What is too much: for a relay of 2 GB, a small server for the database, and visitors who wait. */
export const BOUNDS: Bounds = {
  lateMs: 250,
  mapBytes: 1e9,
  backS: 30,
  walBytes: 100e9,
  databaseCores: 1,
};
