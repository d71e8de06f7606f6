/** Both ends of bulk streams; see {@linkcode LoadProcess}. */
import { dataPreface } from "../../../lib/wire/messages.ts";
import { RawListener, RawSocket } from "../libc.ts";
import { answerCalls } from "../load_process.ts";
import { goOnline, type Membership } from "./glosson.ts";
import {
  decodeOrder,
  encodeOrder,
  helloFor,
  helloLength,
  type Order,
  ORDER_BYTES,
  PROXY_HEADER_BYTES,
} from "./script.ts";

/**
 * What the origin says at once, as a TLS server does: a relay that gets no answer asks the client for another
 * connection, and then ends the visitor.
 */
const ANSWER = new TextEncoder().encode("a");

const DONE = new TextEncoder().encode("k");

/** Does what the visitor orders, and closes. */
async function serve(socket: RawSocket, bytesBefore: number): Promise<void> {
  try {
    await socket.read(bytesBefore + helloLength);
    const order = decodeOrder(await socket.read(ORDER_BYTES));
    if (order.kind === "down") {
      await socket.pour(order.bytes);
    } else {
      await socket.write(ANSWER);
      await socket.drain(order.bytes);
      await socket.write(DONE);
    }
    await socket.end();
  } catch {
    // Parked and never used, or broken off: the visitor tells what matters.
  } finally {
    socket.close();
  }
}

async function join(dataPort: number, ticket: string): Promise<void> {
  const socket = await RawSocket.connect(dataPort);
  await socket.write(dataPreface(ticket));
  await serve(socket, PROXY_HEADER_BYTES);
}

/** One stream through a relay; resolves when all of it has arrived. */
async function stream(port: number, hostname: string, order: Order): Promise<void> {
  const socket = await RawSocket.connect(port);
  try {
    await socket.write(helloFor(hostname));
    await socket.write(encodeOrder(order));
    if (order.kind === "down") {
      await socket.drain(order.bytes);
    } else {
      await socket.pour(order.bytes);
      await socket.read(ANSWER.length + DONE.length);
    }
  } finally {
    socket.close();
  }
}

await answerCalls({
  /** Serves streams that a relay connects to. */
  listen() {
    const listener = new RawListener();
    (async () => {
      while (true) serve(await listener.accept(), 0);
    })();
    return { port: listener.port };
  },
  /** Serves streams as a client of glossond. */
  async online(membership: Membership) {
    await goOnline(membership, (ticket, { dataPort }) => join(dataPort, ticket));
  },
  /** Reads from a sender that goes as fast as it can, at a rate of our own. */
  async slow(run: { port: number; hostname: string; bytesPerSecond: number; seconds: number }) {
    const { port, hostname, bytesPerSecond, seconds } = run;
    const socket = await RawSocket.connect(port);
    await socket.write(helloFor(hostname));
    const total = bytesPerSecond * (seconds + 60);
    await socket.write(encodeOrder({ kind: "down", bytes: total }));
    const step = 0.05;
    const started = performance.now();
    for (let done = 0; done < seconds; done += step) {
      await socket.drain(Math.round(bytesPerSecond * step));
      const ahead = (done + step) * 1000 - (performance.now() - started);
      if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
    }
    // The sender still has much to say: the relay sees a visitor who leaves.
    socket.close();
  },
  /** Runs streams at once and tells how long they took, in seconds. */
  async run(run: { port: number; hostname: string; streams: number; order: Order }) {
    const started = performance.now();
    await Promise.all(
      Array.from({ length: run.streams }, () => stream(run.port, run.hostname, run.order)),
    );
    return { seconds: (performance.now() - started) / 1000 };
  },
});
