import { sleep } from "../../../lib/net/pause.ts";
import { until } from "../../certificate/helpers.ts";
import { visit } from "../../stories/user.ts";
import { type Client, type ClientOptions, type Home, ONLINE } from "./home.ts";
import type { World } from "./world.ts";

/** How long coming back may take beyond what a row says, real milliseconds: for a busy machine. */
const BUSY_MS = 20_000;

/** A client that is online and has a page; ends with its home. */
export async function online(home: Home, options: ClientOptions = {}): Promise<Client> {
  const client = home.run(options);
  await client.said(ONLINE);
  return client;
}

/** What visitors of a home get: `served`, or what the relay serves instead. */
export async function got(world: World, home: Home): Promise<string> {
  const { status, headers } = await visit(world.relay, home.hostname);
  return status === 200 ? "served" : headers.get("Glosson-Page") ?? String(status);
}

/** Waits until visitors are served; tells after how long. */
export async function servedWithin(world: World, home: Home, seconds: number): Promise<string> {
  const began = performance.now();
  const isServed = () => got(world, home).then((what) => what === "served", () => false);
  await until(isServed, "the page is back", seconds * 1_000 + BUSY_MS);
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`;
}

/** How many times as fast a client's time passes while it can do nothing but wait and try. */
const FAST = 20;

/** Lets so many seconds of a client's time pass, and then goes on at the usual pace. */
export async function pass(client: Client, seconds: number, rate = FAST): Promise<void> {
  client.pace(rate);
  await sleep(seconds * 1_000 / rate);
  client.pace(1);
}

/** Waits until the relay has lost a client that says nothing any more. */
export async function lost(world: World, { username }: Home): Promise<void> {
  // By its own heartbeat, or since the client noticed first and closed.
  await world.relay.logged("client offline", { username });
}
