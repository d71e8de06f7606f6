import { metricsOf } from "../../stories/metrics.ts";
import type { Relay } from "../../stories/relay.ts";

/** A visitor who is joined with a client, and says a line now and then. */
export interface Guest extends Disposable {
  /** Asks once more over the same connection; the answer's status. */
  ask(): Promise<number>;
}

/** A visitor of a user at a relay, over a connection that stays. */
export async function stay(relay: Relay, hostname: string, ca: string): Promise<Guest> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  const options = { hostname, caCerts: [ca], alpnProtocols: ["http/1.1"] };
  const tls = await Deno.startTls(conn, options);
  const guest = {
    async ask() {
      await tls.write(new TextEncoder().encode(`HEAD / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
      const chunk = new Uint8Array(16_384);
      let text = "";
      while (!text.includes("\r\n\r\n")) {
        const n = await tls.read(chunk);
        if (n === null) throw new Error(`The connection ended after ${JSON.stringify(text)}`);
        text += new TextDecoder().decode(chunk.subarray(0, n));
      }
      return Number(text.split(" ")[1]);
    },
    [Symbol.dispose]: () => tls.close(),
  };
  const status = await guest.ask();
  if (status !== 200) throw new Error(`The page of ${hostname} is answered ${status}`);
  return guest;
}

/** How many bytes a relay has taken on to another one. */
export async function hopBytes(relay: Relay): Promise<number> {
  const text = await metricsOf(relay);
  return Number(/^glossond_hop_bytes_total{relay=".*"} (\d+)/m.exec(text)![1]);
}

/** A connection that a process has open. */
interface Socket {
  pid: number;
  /** Its own port, and its peer's. */
  ports: [own: number, peer: number];
}

/** Connections that relays have with each other, by what the kernel has of each process. */
export async function betweenRelays(relays: readonly Relay[]): Promise<Socket[]> {
  const { stdout } = await new Deno.Command("ss", {
    args: ["-Htnp", "state", "established"],
    stdout: "piped",
  }).output();
  const sockets = new TextDecoder().decode(stdout).split("\n").flatMap((line): Socket[] => {
    const found = /:(\d+)\s+\S+:(\d+)\s+users:\(\("[^"]*",pid=(\d+)/.exec(line);
    if (found === null) return [];
    return [{ pid: Number(found[3]), ports: [Number(found[1]), Number(found[2])] }];
  });
  const pids = new Set(relays.map(({ pid }) => pid));
  const own = sockets.filter(({ pid }) => pids.has(pid));
  if (own.length === 0) throw new Error("ss tells of no connection of a relay");
  // By both ports: the kernel gives one to several connections that lead to different places.
  const ends = new Map(own.map(({ pid, ports }) => [ports.join(), pid]));
  return own.filter(({ pid, ports }) => (ends.get(ports.toReversed().join()) ?? pid) !== pid);
}
