import assert from "node:assert/strict";
import { startRelayCertificate } from "../../../lib/certificate/relay_certificate.ts";
import { quickRequest, recordedLog, until } from "../../certificate/helpers.ts";
import { openRelayApi, type RelayApi } from "../acme/api.ts";
import { acmeBench, BASE, NAMES, type OrderBench } from "../acme/bench.ts";
import { type AcmeDaemon, startDaemonBeside } from "../acme/daemon.ts";
import { visitOnce } from "../acme/visitor.ts";
import { Bystander } from "./bystander.ts";
import { Liar, problem } from "./liar.ts";
import type { Row as AnyRow } from "./row.ts";

/** A row of {@linkcode Issuing}. */
type Row = AnyRow<Issuing>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A relay whose certificates come from Pebble, by way of a liar. */
export class Issuing implements AsyncDisposable {
  readonly liar: Liar;
  readonly daemon: AcmeDaemon<OrderBench>;
  readonly bystander: Bystander;
  readonly api: RelayApi;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { liar, daemon, api, bystander }: Pick<Issuing, "liar" | "daemon" | "api" | "bystander">,
    stack: AsyncDisposableStack,
  ) {
    this.liar = liar;
    this.daemon = daemon;
    this.api = api;
    this.bystander = bystander;
    this.#stack = stack;
  }

  static async start(): Promise<Issuing> {
    await using stack = new AsyncDisposableStack();
    let liar: Liar | undefined;
    const daemon = stack.use(
      await startDaemonBeside(async () => {
        const bench = await acmeBench();
        liar = await Liar.start(bench.pebble);
        return {
          ...bench,
          pebble: liar.pebble,
          async [Symbol.asyncDispose]() {
            await liar?.[Symbol.asyncDispose]();
            await bench[Symbol.asyncDispose]();
          },
        };
      }),
    );
    await daemon.logged("certificate in use");
    const api = stack.use(await openRelayApi(daemon));
    const bystander = stack.use(
      await Bystander.watch(async () => {
        const { status } = await visitOnce(daemon.ports.hub!, BASE);
        return { status: Number(status.split(" ")[1]) };
      }),
    );
    return new Issuing({ liar: liar!, daemon, api, bystander }, stack.move());
  }

  /** Claims a name, or takes what has been claimed, and asks for a certificate; resolves to the order. */
  async ask(username: string): Promise<{ token: string; id: string }> {
    const token = await this.api.claim(username);
    return { token, id: await this.api.order(token, await quickRequest(`${username}.${BASE}`)) };
  }

  /** The same, up to the certificate. */
  async get(username: string): Promise<void> {
    const { token, id } = await this.ask(username);
    assert.match(await this.api.ready(token, id), /BEGIN CERTIFICATE/);
  }

  /** Renews the relay's own certificate. */
  async renew(): Promise<void> {
    const { code, text } = await this.daemon.glossond("cert", "renew", "--force");
    assert.equal(code, 0, text);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Orders of which the server says so and so when they name what they replace. */
function refusedReplacing(name: string, answer: () => Response): Row {
  return {
    name: `ACME: ${name}`,
    async happen(world) {
      let refused = 0;
      let plain = 0;
      world.liar.lie = {
        alter({ path, origin }, answer) {
          if (path === "/dir") answer.renewalInfo = `${origin}/renewal-info`;
        },
        instead({ path, payload }) {
          if (path.startsWith("/renewal-info/")) {
            const start = Date.now() + 30 * DAY_MS;
            const suggestedWindow = { start: new Date(start), end: new Date(start + HOUR_MS) };
            return Response.json({ suggestedWindow });
          }
          if (payload?.identifiers === undefined) return;
          if (payload.replaces === undefined) return void plain++;
          refused++;
          return answer();
        },
      };
      await world.renew();
      assert.deepEqual([refused, plain], [1, 1]);
      return "ordered again without, and signed";
    },
  };
}

/** How lifetimes are renewed: the lifetime, and how much of it passes before. */
const LIFETIMES = [
  { name: "certificates of 160 hours", ms: 160 * HOUR_MS, renewedAfterMs: 80 * HOUR_MS },
  { name: "certificates of 45 days", ms: 45 * DAY_MS, renewedAfterMs: 30 * DAY_MS },
];

function lifetimeRow({ name, ms, renewedAfterMs }: typeof LIFETIMES[number]): Row {
  return {
    name: `ACME: ${name}`,
    async happen() {
      await using it = await acmeBench({ validityS: ms / 1_000 });
      const relay = await startRelayCertificate({
        authority: await it.open(),
        names: NAMES,
        stateDir: it.stateDir,
        log: recordedLog(),
        onChange() {},
      });
      try {
        await until(
          () => !relay.current().selfSigned && !relay.status().ordering,
          "the first certificate",
          30_000,
        );
        const { notAfter } = relay.current();
        const leftMs = notAfter - relay.status().renewAt;
        const spreadMs = ms / 50 + 60_000;
        assert.ok(
          leftMs >= ms - renewedAfterMs - 60_000 && leftMs <= ms - renewedAfterMs + spreadMs,
        );
        return `renewed with ${Math.round(leftMs / HOUR_MS)} hours left`;
      } finally {
        await relay.stop();
      }
    },
  };
}

/** What ACME servers do that is in no example. */
export const ISSUING: Row[] = [
  {
    name: "ACME: an unknown type of challenge comes first",
    async happen(world) {
      let told = 0;
      world.liar.lie = {
        alter(_, answer) {
          const [first] = answer.challenges ?? [];
          if (first === undefined) return;
          told++;
          answer.challenges.unshift({ ...first, type: "dns-persist-01", token: undefined });
        },
      };
      await world.get("kaylee");
      assert.ok(told > 0);
      return "passed over, and signed";
    },
  },
  refusedReplacing(
    "`replaces` refused",
    () => problem(400, "malformed", "replaces is not a member of an order here"),
  ),
  refusedReplacing(
    "alreadyReplaced",
    () => problem(409, "alreadyReplaced", "that certificate has been replaced"),
  ),
  {
    name: "ACME: one name paused (429, a day), while others go on",
    async happen(world) {
      let paused = 0;
      world.liar.lie = {
        instead({ payload }) {
          const names = (payload?.identifiers ?? []).map(({ value }: { value: string }) => value);
          if (!names.includes(`river.${BASE}`)) return;
          paused++;
          return problem(429, "rateLimited", "issuance for this name is paused", {
            "Retry-After": "86400",
          });
        },
      };
      const { token, id } = await world.ask("river");
      const line = () =>
        world.daemon.lines.find(({ message, username }) =>
          message === "certificate order failed" && username === "river"
        );
      await until(() => line() !== undefined, "the failure is told");
      await world.get("simon");
      await world.renew();
      const left = Date.parse(String(line()!.nextTryAt)) - Date.now();
      assert.ok(Math.abs(left - DAY_MS) < 0.25 * DAY_MS, String(line()!.nextTryAt));
      assert.match(String(line()!.why), /paused; it is asked again at/);
      assert.equal(
        (await world.api.call("GET", `/v1/certificates/${id}`, { token })).status,
        "pending",
      );
      assert.equal(paused, 1);
      return "asked once and again in a day, another name and the relay's own were signed";
    },
  },
  {
    name: "ACME: no renewal information (ARI)",
    async happen(world) {
      world.liar.lie = { alter: (_, answer) => void delete answer.renewalInfo };
      await world.renew();
      await world.get("inara");
      return "renewed by the share of its lifetime, and signed";
    },
  },
  {
    name: "ACME: the server's answers make no sense",
    async happen(world) {
      world.liar.lie = { instead: () => new Response("<html>maintenance</html>") };
      const { code, text } = await world.daemon.glossond("cert", "renew", "--force");
      assert.equal(code, 1, text);
      assert.match(text, /is no ACME server, or one under maintenance: check GLOSSOND_ACME_/);
      world.liar.lie = {};
      await world.renew();
      return "told with the setting to check, and renewed afterwards";
    },
  },
  ...LIFETIMES.map(lifetimeRow),
];
