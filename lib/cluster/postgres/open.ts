import { PostgresEngine, type PostgresPlace } from "../../store/postgres/engine.ts";
import type { ClusterEngine } from "../engine.ts";
import { PostgresCluster, type Self } from "./engine.ts";

/** Connections to the database at once, besides one that listens and the store's own. */
const CONNECTIONS = 2;

/** What relays share by way of a database, reached by connections of its own. */
export function openPostgresCluster(place: PostgresPlace, me: Self): ClusterEngine {
  return new PostgresCluster(new PostgresEngine(place, { connections: CONNECTIONS }), me);
}
