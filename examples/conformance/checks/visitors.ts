import { encodeProxyV2, normalizeAddress } from "../../../lib/wire/proxy_protocol.ts";
import { LATE_BYTES } from "../app.ts";
import { type Bench, type Check, expect, watch, within } from "../check.ts";
import { ask, readAnswer } from "../http.ts";
import { type VisitOptions, VISITOR } from "../visit.ts";

const SITE = { address: "192.0.2.1", port: 443 };

/** How long an exchange may take, milliseconds. */
const EXCHANGE_MS = 20_000;

/** Time for a client that takes a half-close for leaving to do so, milliseconds. */
const NOTICE_MS = 300;

/** How long a client may take to use a certificate that it has fetched, milliseconds. */
const USE_MS = 20_000;

/** What is added to a PROXY header: a TLV of a type that is for experiments. */
const TLV = new Uint8Array([0xf0, 0, 3, 1, 2, 3]);

function withTlv(header: Uint8Array): Uint8Array {
  const longer = new Uint8Array([...header, ...TLV]);
  longer[15] = longer[15]! + TLV.length;
  return longer;
}

/** The address that the app hears of, however it is spelt. */
async function addressTold({ relay }: Bench, options: VisitOptions): Promise<string> {
  using visit = await within(EXCHANGE_MS, "a handshake", relay.visit(options));
  await ask(visit.tls, "/address");
  const answer = await within(EXCHANGE_MS, "an answer", readAnswer(visit.tls));
  expect(answer.status === 200, `the visitor got ${answer.status || "no answer"}`);
  return normalizeAddress(new TextDecoder().decode(answer.body));
}

/** Section 3: what a visitor's connection carries. */
export const VISITORS: Check[] = [
  {
    name: "proxy-header",
    section: 3,
    needs: "running",
    what: "reads PROXY v2: IPv4, IPv6, LOCAL, with TLVs; tells its app the visitor's address",
    async run(bench) {
      await bench.relay.ready();
      const source6 = { address: "2001:db8::9", port: 50_123 };
      const destination = { address: "2001:db8::1", port: 443 };
      const ipv4 = encodeProxyV2({ source: VISITOR, destination: SITE });
      for (
        const [kind, header, address] of [
          ["IPv4", ipv4, VISITOR.address],
          ["IPv6", encodeProxyV2({ source: source6, destination }), source6.address],
          ["TLVs", withTlv(ipv4), VISITOR.address],
          ["LOCAL", encodeProxyV2(undefined), "none"],
        ] as const
      ) {
        const told = await addressTold(bench, { header });
        expect(
          told === address,
          `with a header of ${kind} its app hears of ${told}, not ${address}`,
        );
      }
    },
  },
  {
    name: "pieces",
    section: 3,
    needs: "running",
    what: "takes the PROXY header and the hello in pieces of one byte",
    async run(bench) {
      await bench.relay.ready();
      await addressTold(bench, { dribble: true });
    },
  },
  {
    name: "bytes",
    section: 3,
    needs: "running",
    what: "passes every byte as it is, in both directions",
    async run({ relay }) {
      await relay.ready();
      const body = new Uint8Array(300_000).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
      using visit = await within(EXCHANGE_MS, "a handshake", relay.visit());
      const asking = ask(visit.tls, "/echo", { body });
      const answer = await within(EXCHANGE_MS, "an answer", readAnswer(visit.tls));
      await asking;
      expect(answer.status === 200, `the visitor got ${answer.status || "no answer"}`);
      const same = answer.body.length === body.length && answer.body.every((b, i) => b === body[i]);
      expect(same, `${body.length} bytes came back as ${answer.body.length} or as others`);
    },
  },
  {
    name: "half-close",
    section: 3,
    needs: "running",
    what: "answers a visitor to the end who ended their side after the request",
    async run({ relay, app }) {
      await relay.ready();
      const late = app.late();
      using visit = await within(EXCHANGE_MS, "a handshake", relay.visit());
      await ask(visit.tls, "/late");
      await within(EXCHANGE_MS, "the request at the app", late.came);
      await visit.joined.endTowardsClient();
      // It has seen the end before another visitor who comes after it, as a rule.
      (await relay.visit({ by: {} }))[Symbol.dispose]();
      await watch(NOTICE_MS);
      late.let();
      const answer = await within(EXCHANGE_MS, "the answer", readAnswer(visit.tls));
      expect(
        answer.body.length === LATE_BYTES,
        `the visitor got ${answer.body.length} of ${LATE_BYTES} bytes`,
      );
    },
  },
  {
    name: "end",
    section: 3,
    needs: "running",
    what: "ends its own side in order when it has said everything, not by a reset",
    async run({ relay }) {
      await relay.ready();
      using visit = await within(EXCHANGE_MS, "a handshake", relay.visit());
      await ask(visit.tls, "/");
      await within(EXCHANGE_MS, "an answer", readAnswer(visit.tls));
      const orderly = await within(EXCHANGE_MS, "its end", visit.joined.clientEnded);
      expect(orderly, "it reset the connection");
    },
  },
  {
    name: "renewal",
    section: 1,
    needs: "running",
    what:
      "gets another certificate once `renewAfter` has passed, and uses it without a new session",
    async run({ relay }) {
      const session = await relay.ready();
      await relay.changes.until(
        () => relay.api.certificates.at(1)?.chain,
        90_000,
        "a new certificate, though `renewAfter` was over at the start",
      );
      const [first, second] = relay.api.certificates;
      expect(second!.csr !== first!.csr, "it sent the same request again");
      let failure: unknown = "no try";
      for (const over = Date.now() + USE_MS; failure !== undefined && Date.now() < over;) {
        await relay.ready();
        failure = await relay.visit({ trusting: "second" }).then(
          (visit) => visit[Symbol.dispose](),
          (error) => error,
        );
        if (failure !== undefined) await watch(250);
      }
      expect(failure === undefined, "visitors still get the old certificate");
      expect(relay.session === session, "it began a new session for it");
    },
  },
];
