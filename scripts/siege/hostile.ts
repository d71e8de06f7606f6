/**
 * The hostile peers of a siege, in a process of their own: they take no CPU time from whoever
 * measures. Takes one argument, {@linkcode HostilePlan} in JSON; prints "in place" once all slow and
 * silent ones are connected, and goes on until its standard input ends.
 */

// deno-lint-ignore-file no-console -- its parent reads it
import net from "node:net";
import { sleep } from "../../lib/net/pause.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import { encodeProxyV2 } from "../../lib/wire/proxy_protocol.ts";
import { hello, serverName } from "../../tests/wire/hello_builder.ts";

/** What hostile peers do. */
export interface HostilePlan {
  port: number;
  /** Peers that send a hello at a byte a second, and begin again when they are closed. */
  slow: number;
  /** Peers that send nothing, and begin again when they are closed. */
  silent: number;
  /** Peers that connect and reset, in all, and over how many seconds. */
  resets: number;
  seconds: number;
  /** Addresses that they claim by PROXY headers; 0 for none, and no headers. */
  addresses: number;
}

/** Pause before a peer that was closed comes back. */
const BACK_AFTER_MS = 50;

/** How many of the peers connect at the same time at first. */
const CONNECTING = 100;

if (import.meta.main) await besiege(JSON.parse(Deno.args[0]!) as HostilePlan);

async function besiege(plan: HostilePlan): Promise<void> {
  const over = new AbortController();
  const drip = hello({ extensions: [serverName("kaylee.glosson.localhost")] });
  const running: Promise<void>[] = [];
  const counts = { connected: 0, closed: 0, resets: 0 };
  let connecting = 0;

  const rest = (ms: number): Promise<void> => sleep(ms, over.signal);

  function header(i: number): Uint8Array | undefined {
    if (plan.addresses === 0) return undefined;
    const n = i % plan.addresses;
    return encodeProxyV2({
      source: { address: `203.0.${100 + (n >> 8)}.${n & 255}`, port: 1024 + i % 60_000 },
      destination: { address: "198.51.100.80", port: 443 },
    });
  }

  /** Comes again and again; `slow` sends a byte a second, otherwise nothing. */
  async function stay(i: number, slow: boolean, onFirst: () => void): Promise<void> {
    while (!over.signal.aborted) {
      let conn: Deno.TcpConn;
      try {
        conn = await Deno.connect({ hostname: "127.0.0.1", port: plan.port });
      } catch {
        await rest(BACK_AFTER_MS);
        continue;
      }
      counts.connected++;
      onFirst();
      const onOver = (): void => closeQuietly(conn);
      over.signal.addEventListener("abort", onOver, { once: true });
      let open = true;
      const ended = conn.read(new Uint8Array(16)).catch(() => {}).then(() => open = false);
      try {
        const first = header(i);
        if (first !== undefined) await writeAll(conn, first);
        for (let at = 0; slow && open && !over.signal.aborted; at++) {
          await conn.write(drip.subarray(at % drip.length, at % drip.length + 1));
          await Promise.race([rest(1_000), ended]);
        }
        await ended;
      } catch {
        // Closed while writing.
      }
      over.signal.removeEventListener("abort", onOver);
      closeQuietly(conn);
      counts.closed++;
      await rest(BACK_AFTER_MS);
    }
  }

  async function placeAll(): Promise<void> {
    const firsts: Promise<void>[] = [];
    for (let i = 0; i < plan.slow + plan.silent; i++) {
      while (connecting >= CONNECTING) await rest(1);
      connecting++;
      const { promise, resolve } = Promise.withResolvers<void>();
      firsts.push(promise);
      running.push(stay(i, i < plan.slow, () => {
        connecting--;
        resolve();
        // Counted once only.
        firsts[i] = Promise.resolve();
      }));
    }
    await Promise.all(firsts);
  }

  async function reset(i: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = net.connect(plan.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("connect", () => {
      const first = header(i);
      if (first !== undefined) socket.write(first);
      if (i % 3 > 0) socket.write(drip.subarray(0, i % drip.length));
      socket.resetAndDestroy();
    });
    socket.on("close", () => resolve());
    await promise;
    counts.resets++;
  }

  async function resetAll(): Promise<void> {
    const started = performance.now();
    for (let i = 0; i < plan.resets && !over.signal.aborted; i++) {
      const dueMs = i / plan.resets * plan.seconds * 1000;
      const early = dueMs - (performance.now() - started);
      if (early > 5) await rest(early);
      running.push(reset(i));
      if (i % 50 === 49) await Promise.all(running.splice(plan.slow + plan.silent));
    }
  }

  await placeAll();
  console.log("in place");
  const resetting = resetAll();
  for await (const _ of Deno.stdin.readable) {
    // Until it ends.
  }
  over.abort();
  await resetting;
  await Promise.all(running);
  console.log(JSON.stringify(counts));
}
