import assert from "node:assert/strict";
import { sleep } from "../../lib/net/pause.ts";
import { must } from "../../scripts/run.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { helloFor, rest, send } from "../stories/hub_visitor.ts";
import { ROOT, startRelay } from "../stories/relay.ts";
import { connectControl, dialData, readJoin, signUp } from "../stories/user.ts";
import { PacedClock } from "./faults/clock.ts";

/** How many times as fast the relay's time passes while a visitor waits. */
const RATE = 20;

/** A network of its own with small buffers: the kernel has only so much memory for what nobody reads. */
const IN_NETWORK = `ip link set lo up
  sysctl -qw net.ipv4.tcp_rmem="4096 16384 32768" net.ipv4.tcp_wmem="4096 16384 32768"
  exec "$@"`;

/** A visitor and who serves them. */
type Pair = [visitor: Deno.TcpConn, server: Pick<Deno.TcpConn, "write" | "closeWrite">];

/** Ends the visitor's side, and has them served a first word: that is due within a limit of its own. */
async function endAndBegin([visitor, server]: Pair): Promise<void> {
  await visitor.closeWrite();
  await server.write(new TextEncoder().encode("first"));
  assert.equal(await visitor.read(new Uint8Array(5)), 5);
}

/** Has the visitor served the last word. */
async function finish([visitor, server]: Pair): Promise<void> {
  await server.write(new TextEncoder().encode(", last"));
  await server.closeWrite();
  assert.equal(await rest(visitor), new TextEncoder().encode(", last").toHex());
}

Deno.test("a visitor who ends their side and waits for a minute gets the answer, of a user or behind the relay", async () => {
  await using folder = temporaryFolder();
  const clock = new PacedClock(`${folder.path}/clock`);
  using backend = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using relay = await startRelay({
    launcher: clock.launcher,
    settings: { FALLBACK_BACKEND: `127.0.0.1:${backend.addr.port}` },
  });
  const user = await signUp(relay, "kaylee");
  await using link = await connectControl(relay, user);
  using visitor = await send(relay, [helloFor(user.hostname)]);
  using client = await dialData(relay, (await link.next("connect")).ticket);
  await readJoin(client);
  using stranger = await send(relay, [helloFor("www.example.org")]);
  using apache = await backend.accept();
  const pairs: Pair[] = [[visitor, client], [stranger, apache]];
  await Promise.all(pairs.map(endAndBegin));
  clock.set(RATE);
  await sleep(60_000 / RATE);
  await Promise.all(pairs.map(finish));
});

Deno.test("4,000 visitors who end their side and never read hold nothing for longer than minutes", async () => {
  const program = `${ROOT}tests/system/half_closed/never_reading.ts`;
  const { visitors, held, endedAfterS } = JSON.parse(
    await must("unshare", [
      ...["--net", "sh", "-ec", IN_NETWORK, "sh"],
      ...[Deno.execPath(), "run", "-A", program, "4000"],
    ]),
  );
  assert.deepEqual(visitors, { user: 1_200, stranger: 2_000, page: 400, api: 400 });
  // Theirs and those to the other side.
  assert.ok(held >= 2 * (visitors.user + visitors.stranger), `${held} connections at first`);
  assert.ok(endedAfterS > 30, `ended after ${endedAfterS} s of the relay's time`);
});
