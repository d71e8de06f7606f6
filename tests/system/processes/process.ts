import type { Relay } from "../../stories/relay.ts";
import { type Guest, stay } from "../cluster/bystander.ts";

/** A process of a relay. */
export interface Process {
  pid: number;
  dataPort: number;
}

/** The relay's processes by their numbers, as they are now. */
export async function processesOf(relay: Relay): Promise<Map<number, Process>> {
  const children = await Deno.readTextFile(`/proc/${relay.pid}/task/${relay.pid}/children`);
  const found = new Map<number, Process>();
  for (const pid of children.trim().split(" ").map(Number)) {
    const words = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0");
    const process = Number(words[words.indexOf("--process") + 1]);
    const ready = relay.lines.findLast((line) =>
      line.message === "ready" && line.process === process
    );
    found.set(process, { pid, dataPort: Number(String(ready?.data).split(":").at(-1)) });
  }
  return found;
}

/** A visitor who stays at one of the processes. */
export async function stayAt(
  relay: Relay,
  hostname: string,
  { pid }: Pick<Process, "pid">,
): Promise<Guest> {
  while (true) {
    const guest = await stay(relay, hostname, relay.ca);
    const { stdout } = await new Deno.Command("ss", {
      args: ["-Htnp", "state", "established", `sport = :${relay.ports.hub}`],
      stdout: "piped",
    }).output();
    if (new TextDecoder().decode(stdout).includes(`pid=${pid},`)) return guest;
    guest[Symbol.dispose]();
  }
}
