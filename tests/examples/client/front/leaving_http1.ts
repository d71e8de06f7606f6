import { closeQuietly } from "../../../../lib/net/splice.ts";
import { readRecordings } from "../../../wire/recording.ts";
import { HOSTNAME } from "./fronted.ts";
import type { FrontProcess } from "./front_process.ts";
import { head, type Kind } from "./left_behind.ts";
import { RawVisitor } from "./raw_visitor.ts";

const HELLO = readRecordings().find(({ name }) => name === "openssl-default")!.bytes;

/** How a visitor can leave. */
type Leaving = Pick<RawVisitor, "reset" | "close" | "endSide">;

/** Takes a visitor to a moment of their visit. */
type Phase = (front: FrontProcess) => Promise<Leaving>;

/** A phase that begins behind the handshake. */
function secured(go: (visitor: RawVisitor) => unknown): Phase {
  return async (front) => {
    const visitor = await RawVisitor.open(front);
    await go(visitor);
    return visitor;
  };
}

/** The first part of an upload. */
function upload(path: string): string {
  return head(path, "Content-Length: 1000000").replace("GET", "POST") + "x".repeat(50_000);
}

const PHASES: Record<string, Phase> = {
  "before the handshake": ({ port }) => RawVisitor.connect(port),
  "within the hello": async ({ port }) => {
    const visitor = await RawVisitor.connect(port);
    visitor.send(HELLO.subarray(0, 100));
    return visitor;
  },
  "within the handshake": async ({ port }) => {
    const visitor = await RawVisitor.connect(port);
    visitor.send(HELLO);
    await visitor.bytes(5);
    return visitor;
  },
  "before a request": secured(() => {}),
  "within a head": secured((visitor) => visitor.send(head("/").slice(0, 30))),
  "within an upload": secured((visitor) => visitor.send(upload("/wait"))),
  "within an upload that the app does not read": secured((visitor) =>
    visitor.send(upload("/deaf"))
  ),
  "while the app is silent": secured((visitor) => visitor.send(head("/wait"))),
  "within an answer": secured(async (visitor) => {
    visitor.send(head("/large"));
    await visitor.bytes(100_000);
  }),
  "within an answer that is not read": unread,
  "in another protocol": secured(async (visitor) => {
    visitor.send(head("/upgrade", "Connection: upgrade", "Upgrade: x"));
    await visitor.upTo("\r\n\r\n");
    visitor.send("ping");
    await visitor.upTo("ping");
  }),
  "between two requests": secured(async (visitor) => {
    visitor.send(head("/"));
    await visitor.upTo("\r\n\r\nok");
  }),
};

/** Asks for an endless answer and reads some of it; with the rest in the kernel a close is a reset. */
async function unread({ port, pem }: FrontProcess): Promise<Leaving> {
  const conn = await Deno.startTls(await Deno.connect({ hostname: "127.0.0.1", port }), {
    hostname: HOSTNAME,
    caCerts: [pem],
    alpnProtocols: ["http/1.1"],
  });
  await conn.write(new TextEncoder().encode(head("/endless")));
  await conn.read(new Uint8Array(10_000));
  const close = (): void => closeQuietly(conn);
  return { reset: close, close, endSide: () => void conn.closeWrite().catch(() => {}) };
}

/** Ways to leave; who only ends their side stays until the front has given them up. */
const WAYS: ((visitor: Leaving) => void)[] = [
  (visitor) => visitor.reset(),
  (visitor) => visitor.close(),
  (visitor) => visitor.endSide(),
];

/** Every moment of a visit over HTTP/1.1 at which a visitor may leave, in every way. */
export const LEAVING_HTTP1: Kind[] = Object.entries(PHASES).map(([name, phase]) => ({
  name,
  // Megabytes each: kernels hold much.
  share: phase === unread ? 0.1 : 1,
  async visit(front, i) {
    const visitor = await phase(front);
    WAYS[i % WAYS.length]!(visitor);
    return visitor;
  },
}));
