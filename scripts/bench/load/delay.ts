/**
 * A network in which every packet takes its time and some are lost, made of TUN devices: a kernel built without netem
 * has these. See {@linkcode LoadProcess}.
 */
import { answerCalls } from "../load_process.ts";

const libc = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize", nonblocking: true },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
}).symbols;

const O_RDWR = 2;
const TUNSETIFF = 0x400454can;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;

/** Longest packet: the devices' MTU is 1,500. */
const PACKET_BYTES = 2_048;

/** How exactly delays are kept. */
const TICK_MS = 1;

/** A packet on its way. */
interface Flight {
  at: number;
  fd: number;
  packet: Uint8Array<ArrayBuffer>;
}

function openDevice(name: string): number {
  const fd = libc.open(new TextEncoder().encode("/dev/net/tun\0"), O_RDWR);
  // struct ifreq: a name of 16 bytes, then the flags.
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode(name));
  new DataView(request.buffer).setUint16(16, IFF_TUN | IFF_NO_PI, true);
  if (fd < 0 || libc.ioctl(fd, TUNSETIFF, request) < 0) {
    throw new Error(`Cannot make the TUN device ${name}: it takes root and /dev/net/tun`);
  }
  return fd;
}

/** Share of the packets that are lost. */
let lossShare = 0;

/** Tells which: at random, and the same ones in each run. */
const isLost = (() => {
  let state = 1;
  return (): boolean => {
    // Numerical Recipes' generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 < lossShare;
  };
})();

/** In the order in which they are due, since all take equally long. */
const flights: Flight[] = [];

async function carry(fd: number, fdOf: Map<string, number>, delayMs: number): Promise<void> {
  while (true) {
    const packet = new Uint8Array(PACKET_BYTES);
    const n = Number(await libc.read(fd, packet, BigInt(PACKET_BYTES)));
    if (n <= 0) return;
    // Bytes 16 to 19 of an IPv4 header are the destination.
    const to = fdOf.get(packet.subarray(16, 20).join("."));
    if (packet[0]! >> 4 !== 4 || to === undefined || isLost()) continue;
    flights.push({ at: performance.now() + delayMs, fd: to, packet: packet.subarray(0, n) });
  }
}

await answerCalls({
  /** Has a share of all packets lost from now on. */
  lose({ share }: { share: number }) {
    lossShare = share;
  },
  /** Makes a device for each address and carries packets between them; the caller moves them. */
  open({ devices, delayMs }: { devices: Record<string, string>; delayMs: number }) {
    const fdOf = new Map(
      Object.entries(devices).map(([name, address]) => [address, openDevice(name)]),
    );
    for (const fd of fdOf.values()) carry(fd, fdOf, delayMs);
    setInterval(() => {
      while (flights.length > 0 && flights[0]!.at <= performance.now()) {
        const { fd, packet } = flights.shift()!;
        libc.write(fd, packet, BigInt(packet.length));
      }
    }, TICK_MS);
  },
});
