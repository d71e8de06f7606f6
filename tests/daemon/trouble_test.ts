import assert from "node:assert/strict";
import { openLocalAuthority } from "../../lib/certificate/local_authority.ts";
import { startRelayCertificate } from "../../lib/certificate/relay_certificate.ts";
import { createTroubleLook } from "../../lib/daemon/trouble.ts";
import { SILENT_LOG } from "../../lib/log.ts";
import { LOOK_MS, watchTrouble } from "../../lib/trouble/watch.ts";
import { temporaryFolder } from "../certificate/helpers.ts";
import { ManualClock } from "../manual_clock.ts";

const DAY_MS = 86_400_000;
const TEN_MINUTES_MS = 600_000;

/** More than any disk has free. */
const TOO_MUCH_MIB = 1_000_000_000;

/** What the operator of a relay is told, whose parts are real and whose clock and luck are the test's. */
async function relayWith(stateDir: string) {
  const clock = new ManualClock();
  clock.advance(Date.UTC(2026, 5, 1));
  const { now } = clock;
  let issuing = true;
  let acceptErrors = 0;
  const real = await openLocalAuthority({ stateDir, baseDomain: "glosson.test", now });
  const certificate = await startRelayCertificate({
    authority: {
      ...real,
      issue: (order) =>
        issuing ? real.issue(order) : Promise.reject(new Error("the ACME server is away")),
    },
    names: ["glosson.test"],
    stateDir,
    log: SILENT_LOG,
    onChange() {},
    now,
    // Orders are made when the test wants them.
    tickMs: DAY_MS,
  });
  const settings = { stateDir, minFreeMib: 0 };
  const figures = () => [
    { name: "hub", active: 0, accepted: 0, refused: 0, handlerErrors: 0, acceptErrors },
  ];
  const told: string[] = [];
  const details: Record<string, string> = {};
  const watch = watchTrouble({
    look: createTroubleLook(settings, { certificate, servers: { figures } }, now),
    tell({ state, kind, detail }) {
      told.push(`${state} ${kind}`);
      details[kind] = detail;
      return Promise.resolve();
    },
    log: SILENT_LOG,
    now,
    // Looks are the test's own: months would have many.
    schedule: () => () => {},
  });
  return {
    clock,
    settings,
    certificate,
    details,
    setIssuing: (is: boolean) => issuing = is,
    failToAccept: () => void acceptErrors++,
    /** What is told at the next look. */
    async next(ms = LOOK_MS): Promise<string[]> {
      clock.advance(ms);
      await watch.look();
      return told.splice(0);
    },
    async [Symbol.asyncDispose]() {
      watch.stop();
      await certificate.stop();
    },
  };
}

type Relay = Awaited<ReturnType<typeof relayWith>>;

async function order({ certificate }: Relay, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await certificate.renewNow().catch(() => {});
}

/** How each trouble comes and goes. */
const TROUBLES: {
  kind: string;
  detail: RegExp;
  begin: (relay: Relay) => void | Promise<void>;
  end: (relay: Relay) => void | Promise<void>;
}[] = [
  {
    kind: "renewal-failing",
    detail: /^\d+ orders of the relay's certificate failed: the ACME server is away$/,
    async begin(relay) {
      relay.setIssuing(false);
      await order(relay, 2);
      assert.deepEqual(await relay.next(), [], "two failures may be chance");
      await order(relay);
    },
    async end(relay) {
      relay.setIssuing(true);
      await order(relay);
    },
  },
  {
    kind: "certificate-expiring",
    detail: /^the relay's certificate ends at 2026-/,
    async begin({ clock, certificate, next }) {
      const { notBefore, notAfter } = certificate.status();
      const sixth = (notAfter - notBefore) / 6;
      assert.deepEqual(await next(notAfter - sixth - clock.now()), [], "exactly a sixth is left");
    },
    end: (relay) => order(relay),
  },
  {
    kind: "descriptors",
    detail: /^connections cannot be accepted: descriptors have run out/,
    begin: ({ failToAccept }) => failToAccept(),
    // Nothing failed since the last look.
    end() {},
  },
  {
    kind: "disk-low",
    detail: /^\d+ MiB are free on the disk of .*, less than 1000000000$/,
    begin: ({ settings }) => void (settings.minFreeMib = TOO_MUCH_MIB),
    end: ({ settings }) => void (settings.minFreeMib = 0),
  },
  {
    kind: "state-unwritable",
    detail: /^nothing can be written into .*gone: its folder is gone; put a copy in its place/,
    begin: ({ settings }) => void (settings.stateDir += "/gone"),
    end: ({ settings }) => void (settings.stateDir = settings.stateDir.replace("/gone", "")),
  },
];

for (const { kind, detail, begin, end } of TROUBLES) {
  Deno.test(`${kind} is told when it begins and is over, and again after ten minutes only`, async () => {
    await using folder = temporaryFolder();
    await using relay = await relayWith(folder.path);
    assert.deepEqual(await relay.next(), []);
    await begin(relay);
    assert.deepEqual(await relay.next(), [`begun ${kind}`]);
    assert.match(relay.details[kind]!, detail);
    await end(relay);
    assert.deepEqual(await relay.next(), [`over ${kind}`]);
    if (kind === "certificate-expiring") return; // months later
    const toldAt = relay.clock.now() - LOOK_MS;
    await begin(relay);
    assert.deepEqual(await relay.next(), []);
    if (kind === "descriptors") relay.failToAccept(); // at each look
    assert.deepEqual(await relay.next(toldAt + TEN_MINUTES_MS - relay.clock.now()), [
      `begun ${kind}`,
    ]);
  });
}
