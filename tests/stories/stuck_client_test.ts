import assert from "node:assert/strict";
import { endProcess } from "../../scripts/process.ts";
import { usageOf } from "../../scripts/bench/usage.ts";
import { until } from "../certificate/helpers.ts";
import { extension, helloBody, message, records, serverName } from "../wire/hello_builder.ts";
import { outcomes, send } from "./hub_visitor.ts";
import { metricOf } from "./metrics.ts";
import { startRelay } from "./relay.ts";
import { connectControl, signUp } from "./user.ts";

/** Visitors, each with a connection of the client's. */
const VISITORS = 20;

/** How long what is to come about may take, milliseconds. */
const PATIENCE_MS = 30_000;

/** More than the kernel keeps for who reads nothing, and takes small segments: some 30 KB. */
const LARGE_BYTES = 60_000;

/**
 * Shows tickets (arguments: the port, then those) on connections that take next to nothing, and holds them until its
 * standard input ends.
 */
const CLIENT = `
import socket, sys
port, *tickets = sys.argv[1:]
open = []
for ticket in tickets:
    conn = socket.socket()
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 200)
    # The system keeps more for an address that took much lately.
    conn.bind(("127.0.93.7", 0))
    conn.connect(("127.0.0.1", int(port)))
    conn.sendall(b"GLOSSON/1 " + ticket.encode() + b"\\n")
    open.append(conn)
sys.stdin.read()
`;

/** A ClientHello of several records. */
function largeHello(name: string): Uint8Array<ArrayBuffer> {
  const extensions = [serverName(name), extension(0xff00, new Uint8Array(LARGE_BYTES))];
  return records(message(helloBody({ extensions })), [16_000, 32_000, 48_000]);
}

Deno.test({
  name:
    "a client whose connections take nothing keeps none of its visitors' places and descriptors",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using relay = await startRelay();
    const user = await signUp(relay, "kaylee");
    await using link = await connectControl(relay, user);
    await metricOf(relay, "glossond_parked_connections");
    const before = usageOf([relay.pid]).descriptors;
    link.send({ type: "pool", size: VISITORS });
    const { tickets } = await link.next("tickets");
    const client = new Deno.Command("python3", {
      args: ["-c", CLIENT, String(relay.ports.data), ...tickets],
      stdin: "piped",
    }).spawn();
    try {
      await until(
        async () => await metricOf(relay, "glossond_parked_connections") === VISITORS,
        "all are parked",
        PATIENCE_MS,
      );
      for (let i = 0; i < VISITORS; i++) {
        (await send(relay, [largeHello(user.hostname)])).close();
      }
      const places = 'glossond_limit_used{limit="visitors"}';
      await until(
        () => outcomes(relay).filter((each) => each === "not-responding").length === VISITORS,
        "each visitor was told",
        PATIENCE_MS,
      );
      assert.equal(await metricOf(relay, places), 0);
      // In an executable that was made where only an older runtime can be had, closing ends no write.
      if (Deno.env.has("GLOSSOND_BIN")) return;
      await until(
        () => usageOf([relay.pid]).descriptors <= before,
        "descriptors are given back",
        PATIENCE_MS,
      );
    } finally {
      await client.stdin.close();
      await endProcess(client);
    }
  },
});
