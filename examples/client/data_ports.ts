import type { Log } from "../../lib/log.ts";
import type { DataAddress } from "./data_path.ts";

/**
 * Data ports that are taken from one session: a relay has one, and maybe some for its other machines.
 * More would be a way to have this client knock at strangers' doors.
 */
const MAX_DATA_PORTS = 16;

/** Where a session's tickets are to be shown: what `online` told, or the message with the ticket. */
export class DataPorts {
  readonly #log: Log;
  readonly #known = new Set<string>();
  #usual: DataAddress | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes what `online` told. */
  online(address: DataAddress): void {
    this.#usual = address;
  }

  /** Where a message's tickets are to be shown; undefined when that is one data port too many. */
  of({ dataHost, dataPort }: { dataHost?: string; dataPort?: number }): DataAddress | undefined {
    if (this.#usual === undefined) return undefined;
    const { hostname, port } = this.#usual;
    const address = { hostname: dataHost ?? hostname, port: dataPort ?? port };
    const key = `${address.hostname} ${address.port}`;
    if (!this.#known.has(key) && this.#known.size >= MAX_DATA_PORTS) {
      this.#log.debug("The relay names too many data ports", { limit: MAX_DATA_PORTS });
      return undefined;
    }
    this.#known.add(key);
    return address;
  }
}
