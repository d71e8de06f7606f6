/** Sockets of the C library, for load that costs less than what it measures. Linux only. */
const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32", nonblocking: true },
  accept: { parameters: ["i32", "pointer", "pointer"], result: "i32", nonblocking: true },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize", nonblocking: true },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize", nonblocking: true },
  close: { parameters: ["i32"], result: "i32" },
}).symbols;

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_TRUNC = 0x20;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;

/** What one call sends: large enough that the calls themselves cost nothing. */
const SEND_BYTES = 4 * 1024 * 1024;

/** What one call throws away at most. */
const DISCARD_BYTES = 16 * 1024 * 1024;

const filler = new Uint8Array(SEND_BYTES).map((_, i) => i & 0xff);

function loopback(port: number): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  address.set([127, 0, 0, 1], 4);
  return address;
}

function check(result: number | bigint, what: string): number {
  if (Number(result) < 0) throw new Error(`Cannot ${what}: the C library returned ${result}`);
  return Number(result);
}

/** A blocking TCP socket; each call that waits has a thread of its own. */
export class RawSocket {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
    libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, new Uint32Array([1]), 4);
  }

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number): Promise<RawSocket> {
    const fd = check(libc.socket(AF_INET, SOCK_STREAM, 0), "make a socket");
    check(await libc.connect(fd, loopback(port), 16), `connect to port ${port}`);
    return new RawSocket(fd);
  }

  /** Sends all of `bytes`. */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      const rest = bytes.subarray(sent);
      sent += check(await libc.send(this.#fd, rest, BigInt(rest.length), MSG_NOSIGNAL), "send");
    }
  }

  /** Receives exactly `length` bytes. */
  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    const n = check(await libc.recv(this.#fd, bytes, BigInt(length), MSG_WAITALL), "receive");
    if (n < length) throw new Error(`Cannot receive ${length} bytes: the peer ended after ${n}`);
    return bytes;
  }

  /** Sends `total` bytes of no meaning. */
  async pour(total: number): Promise<void> {
    for (let left = total; left > 0;) {
      const length = BigInt(Math.min(left, SEND_BYTES));
      left -= check(await libc.send(this.#fd, filler, length, MSG_NOSIGNAL), "send");
    }
  }

  /** Throws away `total` bytes, without copying them. */
  async drain(total: number): Promise<void> {
    for (let left = total; left > 0;) {
      const length = BigInt(Math.min(left, DISCARD_BYTES));
      const flags = MSG_TRUNC | MSG_WAITALL;
      const n = check(await libc.recv(this.#fd, null, length, flags), "receive");
      if (n === 0) throw new Error(`Cannot receive ${total} bytes: the peer ended ${left} before`);
      left -= n;
    }
  }

  /** Waits for the peer to end. */
  async end(): Promise<void> {
    const length = BigInt(DISCARD_BYTES);
    while (check(await libc.recv(this.#fd, null, length, MSG_TRUNC), "receive") > 0);
  }

  close(): void {
    libc.close(this.#fd);
  }
}

/** A listener on a free port of 127.0.0.1. */
export class RawListener {
  readonly #fd: number;
  readonly port: number;

  constructor() {
    this.#fd = check(libc.socket(AF_INET, SOCK_STREAM, 0), "make a socket");
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_REUSEADDR, new Uint32Array([1]), 4);
    const address = loopback(0);
    check(libc.bind(this.#fd, address, 16), "bind");
    check(libc.listen(this.#fd, 1024), "listen");
    check(libc.getsockname(this.#fd, address, new Uint32Array([16])), "ask for the port");
    this.port = new DataView(address.buffer).getUint16(2);
  }

  async accept(): Promise<RawSocket> {
    return new RawSocket(check(await libc.accept(this.#fd, null, null), "accept"));
  }
}
