import { freePort } from "../../ports.ts";
import { PROGRAMS } from "../tools.ts";
import { type World } from "../world.ts";

/** Starts a plain server of Node's that tells what it was asked; its port. */
export async function startPages(world: World): Promise<number> {
  const port = freePort();
  await world.start(["node", `${PROGRAMS}pages.mjs`, String(port)], port);
  return port;
}
