import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";

/** How long a question may stay without a reply before that counts as one without records. */
const REPLY_TIMEOUT_MS = 5_000;

const CLASS_IN = 1;

/** Record types that are asked for. */
const TYPES = { A: 1, AAAA: 28 } as const;

/** Asks a DNS server for a name's A and AAAA records, over and over. */
export interface DnsPoller extends AsyncDisposable {
  /** Questions that were answered so far. */
  readonly answered: number;
  /** Replies without a record, as `TYPE NAME rcode N`, and questions without a reply. */
  readonly unanswered: readonly string[];
  /** Asks no more, and waits for the last replies. */
  stop(): Promise<void>;
}

/**
 * Starts a poller of these names.
 *
 * By datagrams of its own: the runtime's resolver makes a client for each question, which is too much
 * for so many.
 */
export function pollNames(port: number, names: readonly string[], everyMs: number): DnsPoller {
  const socket = createSocket("udp4");
  const open = new Map<number, { what: string; at: number }>();
  const unanswered: string[] = [];
  let answered = 0;
  let nextId = 0;

  socket.on("message", (reply: Buffer) => {
    const id = reply.readUInt16BE(0);
    const question = open.get(id);
    if (question === undefined) return;
    open.delete(id);
    const rcode = reply.readUInt16BE(2) & 0xf;
    const records = reply.readUInt16BE(6);
    if (rcode === 0 && records > 0) answered++;
    else unanswered.push(`${question.what} rcode ${rcode}`);
  });

  function ask(name: string, type: keyof typeof TYPES): void {
    nextId = (nextId + 1) & 0xffff;
    open.set(nextId, { what: `${type} ${name}`, at: performance.now() });
    socket.send(query(nextId, name, TYPES[type]), port, "127.0.0.1");
  }

  const timer = setInterval(() => {
    for (const name of names) {
      ask(name, "A");
      ask(name, "AAAA");
    }
    for (const [id, { what, at }] of open) {
      if (performance.now() - at < REPLY_TIMEOUT_MS) break;
      open.delete(id);
      unanswered.push(`${what} no reply`);
    }
  }, everyMs);

  let stopped = false;
  async function stop(): Promise<void> {
    if (stopped) return;
    stopped = true;
    clearInterval(timer);
    const deadline = performance.now() + REPLY_TIMEOUT_MS;
    while (open.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const { what } of open.values()) unanswered.push(`${what} no reply`);
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  return {
    get answered() {
      return answered;
    },
    unanswered,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A question as RFC 1035 section 4.1 has it. */
function query(id: number, name: string, type: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(1, 4);
  const labels = name.split(".").map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])
  );
  const end = Buffer.alloc(5);
  end.writeUInt16BE(type, 1);
  end.writeUInt16BE(CLASS_IN, 3);
  return Buffer.concat([header, ...labels, end]);
}
