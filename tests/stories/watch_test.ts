import assert from "node:assert/strict";
import tls from "node:tls";
import { isWell, readStatus, statusText } from "../../examples/client/status.ts";
import { setUpGlosson } from "./glosson.ts";
import { BASE, startRelay } from "./relay.ts";
import { visit } from "./user.ts";
import { watchedRun } from "./watched_run.ts";

const NAME = `kaylee.${BASE}`;
const PATCH = new URL("end_tls.ts", import.meta.url).href;

/** The patch is no part of an executable. */
const ignore = Deno.env.has("GLOSSOND_BIN");

/** Milliseconds from a cause to a look, by chance; to a second one at what was wrong; and between two looks. */
const soon = (chance: number): number => 3_000 + chance * 27_000;
const SOON = soon(0.1);
const AGAIN = 10_000;
const APART = 900_000;

Deno.test("run sees its own page from outside, and verify does from anywhere", async () => {
  await using relay = await startRelay();
  await using glosson = await setUpGlosson(relay, "kaylee");
  const ca = `${relay.stateDir}/local-ca.pem`;
  const url = `https://${NAME}:${relay.ports.hub}`;
  await using run = watchedRun(glosson.stateDir);
  await run.sleeps.end(SOON);
  await run.said(/Visitors get through to this computer alone/);
  const status = (await readStatus(run.state, Date.now))!;
  assert.deepEqual([status.page, status.seen?.verdict, isWell(status)], [url, "own", true]);
  assert.match(statusText(status), /From outside: +visitors get through to this computer alone/);

  // A visit is cause to look again, once some time has passed.
  await visit(relay, NAME);
  await run.sleeps.end(APART);
  await run.sleeps.end(SOON);
  await run.sleeps.begin(APART);
  assert.equal(run.sleeps.begun.filter((ms) => ms === APART).length, 2);

  const shown = await glosson.command("status", "--qr");
  const command = /^glosson (verify .*)$/m.exec(shown.stdout)?.[1] ?? "";
  assert.equal(command, `verify ${url} --key ${status.key}`);
  assert.match(shown.stdout, /█▀▀▀▀▀▀▀█/);
  const good = await glosson.command(...command.split(" "), "--alpn", "h2", "--ca", ca);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /Trusted: +yes\nALPN: +h2\n\nThis is the page's own computer/);
  const hex = Uint8Array.fromBase64(status.key!).toHex();
  assert.equal((await glosson.command("verify", url, "--key", hex, "--ca", ca)).code, 0);

  const distrusted = await glosson.command(...command.split(" "));
  assert.equal(distrusted.code, 7);
  assert.match(distrusted.stdout, /NOT WHAT IT SHOULD BE: browsers do not take the certificate/);
  const other = await glosson.command("verify", url, "--key", "A".repeat(43) + "=", "--ca", ca);
  assert.equal(other.code, 7);
  assert.match(other.stdout, /NOT WHAT IT SHOULD BE: the key should be A{43}=\./);
  const closed = await glosson.command("verify", `https://${NAME}:1`, "--key", hex);
  assert.equal(closed.code, 1);
  assert.match(closed.stderr, /Cannot look at https:\S+:1 at 127\.0\.0\.1: .*ECONNREFUSED/);
});

Deno.test(
  { name: "a relay that ends TLS for a user is noticed by run and by verify", ignore },
  async () => {
    await using relay = await startRelay({ preload: PATCH });
    await using glosson = await setUpGlosson(relay, "kaylee");
    // The most that chance gives: within a minute still.
    await using run = watchedRun(glosson.stateDir, [], { random: () => 0.999 });
    const longest = soon(0.999);
    assert.ok(longest + AGAIN < 60_000);
    await run.sleeps.end(longest);
    await run.sleeps.end(AGAIN);
    assert.match(
      await run.said(/SOMEBODY ELSE ANSWERS/),
      /error +SOMEBODY ELSE ANSWERS VISITORS .* why="at 127\.0\.0\.1 the key is .*, not this computer's"/,
    );
    const status = (await readStatus(run.state, Date.now))!;
    assert.equal(isWell(status), false);
    assert.match(
      statusText(status),
      /From outside: +SOMEBODY ELSE ANSWERS in this computer's place/,
    );
    const { code, stdout } = await glosson.command(
      ...["verify", status.page, "--key", status.key!, "--ca", `${relay.stateDir}/local-ca.pem`],
    );
    assert.equal(code, 7, stdout);
  },
);

Deno.test(
  { name: "a relay that spares the client's own address is noticed from another", ignore },
  async () => {
    await using relay = await startRelay({
      preload: `${PATCH}?spare=127.0.0.1`,
      settings: { HUB_HOST: "::" },
    });
    await using glosson = await setUpGlosson(relay, "kaylee");
    await using run = watchedRun(glosson.stateDir);
    await run.sleeps.end(SOON);
    await run.said(/Visitors get through to this computer alone/);
    const { page, key } = (await readStatus(run.state, Date.now))!;
    const verify = ["verify", page, "--key", key!, "--ca", `${relay.stateDir}/local-ca.pem`];
    assert.equal((await glosson.command(...verify)).code, 0);
    const { code, stdout } = await glosson.command(...verify, "--address", "[::1]");
    assert.equal(code, 7, stdout);
  },
);

Deno.test("whoever has the user's key and passes on what they read is noticed by run", async () => {
  // In front of the relay, where visitors come.
  let hub = 0;
  const door = tls.createServer({ ALPNProtocols: ["h2", "http/1.1"] }, (outside) => {
    const { alpnProtocol } = outside;
    const onward = tls.connect({
      ...{
        host: "127.0.0.1",
        port: hub,
        servername: NAME,
        rejectUnauthorized: false,
      },
      ALPNProtocols: [alpnProtocol || "http/1.1"],
    });
    for (const end of [outside, onward]) end.on("error", () => {});
    outside.on("close", () => onward.destroy());
    outside.pipe(onward).pipe(outside);
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = door.address() as { port: number };
    await using relay = await startRelay({ settings: { PUBLIC_PORT: String(port) } });
    hub = relay.ports.hub!;
    await using glosson = await setUpGlosson(relay, "kaylee");
    const stolen = await Deno.readTextFile(`${glosson.stateDir}/identity.pem`);
    door.setSecureContext({ key: stolen, cert: stolen });
    await using run = watchedRun(glosson.stateDir);
    await run.sleeps.end(SOON);
    await run.sleeps.end(AGAIN);
    assert.match(
      await run.said(/SOMEBODY ELSE ANSWERS/),
      /it is this computer's key, but the connection did not get here unchanged/,
    );
  } finally {
    await new Promise((resolve) => door.close(resolve));
  }
});

Deno.test("run says when it could not look at its own page for a day", async () => {
  // Nobody listens at this port.
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  await using relay = await startRelay({ settings: { PUBLIC_PORT: String(port) } });
  await using glosson = await setUpGlosson(relay, "kaylee");
  let now = Date.now();
  await using run = watchedRun(glosson.stateDir, [], { now: () => now, random: () => 0.5 });
  await run.sleeps.end(soon(0.5));
  await run.said(/debug +Cannot look at the own page from outside why="127\.0\.0\.1: .*refused/);
  const status = (await readStatus(run.state, Date.now))!;
  assert.match(statusText(status), /From outside: +could not be looked at since .*refused/);
  await run.sleeps.end(APART);
  now += 86_400_000;
  await run.sleeps.end(4 * 3_600_000);
  assert.match(
    await run.said(/could not be looked at from outside for a day/),
    /warn .*so nobody watches .* glosson verify from another one/,
  );
});
