import type { Relay } from "./relay.ts";

/** What a relay tells at `/metrics`, in Prometheus' text format. */
export async function metricsOf({ ports }: Pick<Relay, "ports">): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${ports.admin}/metrics`)).text();
}

/** The value of one that has no labels; NaN where there is none of this name. */
export async function metricOf(relay: Pick<Relay, "ports">, name: string): Promise<number> {
  const text = await metricsOf(relay);
  return Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
}
