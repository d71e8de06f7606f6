import assert from "node:assert/strict";
import type { AcmeAuthorityOptions } from "../../../lib/acme/acme_authority.ts";
import { makeKeyAndRequest } from "../../../lib/pki/keys.ts";
import { must } from "../../../scripts/run.ts";
import { temporaryFolder } from "../../certificate/helpers.ts";
import { BASE, NAMES, type OrderBench, orderBench } from "./bench.ts";
import { startDaemonBeside } from "./daemon.ts";
import { KEY, startBind, startKnot, type UpdateServer } from "./update_servers.ts";

const OPERATING = "../../../examples/OPERATING.md";

const START = { bind9: startBind, knot: startKnot };

/** What goes wrong, and what has to be said about it. */
interface Fault {
  message: RegExp;
  breakIt?: (it: OrderBench<UpdateServer>) => Promise<unknown>;
  options?: (it: OrderBench<UpdateServer>) => Partial<AcmeAuthorityOptions>;
  mendIt?: (it: OrderBench<UpdateServer>) => Promise<unknown>;
}

const ALIAS = `_acme-challenge.${BASE}. `;

const FAULTS: Record<string, Fault> = {
  "the key is unknown": {
    options: ({ dns }) => ({ dns: dns.provider({ name: "nobody" }) }),
    message: /knows no key nobody \(hmac-sha256\), .*GLOSSOND_RFC2136_KEY_NAME/,
  },
  "the key's algorithm is another": {
    options: ({ dns }) => ({ dns: dns.provider({ algorithm: "hmac-sha384" }) }),
    message: /knows no key glossond \(hmac-sha384\), .*GLOSSOND_RFC2136_KEY_ALGORITHM/,
  },
  "the key's secret is another": {
    options: ({ dns }) => ({ dns: dns.provider({ secret: btoa("another") }) }),
    message: /has another secret for the key glossond: put .* into the secrets file as RFC2136_KEY/,
  },
  "the server is down": {
    breakIt: ({ dns }) => dns.stop(),
    message: /Cannot reach the DNS server at 127\.0\.0\.1:\d+: connection refused; check that it/,
    mendIt: ({ dns }) => dns.restart(),
  },
  "the challenge is delegated to a zone elsewhere": {
    breakIt: ({ dns }) => dns.update(`update add ${ALIAS} 60 CNAME challenge.elsewhere.example.`),
    message:
      /CNAME record at _acme-challenge\.glosson\.test leads to challenge\.elsewhere\.example, and the primary holds no zone for that/,
    mendIt: ({ dns }) => dns.update(`update delete ${ALIAS} CNAME`),
  },
};

/** What checks a configuration, and how that of OPERATING begins. */
const CHECKERS: [program: string, args: (path: string) => string[], begins: string][] = [
  ["named-checkconf", (path) => [path], 'key "glossond"'],
  ["knotc", (path) => ["-c", path, "conf-check"], "key:\n"],
];

for (const [program, args, begins] of CHECKERS) {
  Deno.test(`${program} takes the configuration of OPERATING`, async () => {
    const text = await Deno.readTextFile(new URL(OPERATING, import.meta.url));
    const block = text.split("```").find((each) => each.replace(/^\w*\n/, "").startsWith(begins));
    assert.ok(block);
    await using folder = temporaryFolder();
    const path = `${folder.path}/conf`;
    await Deno.writeTextFile(path, block.replace(/^\w*\n/, "").replace("…", KEY.secret));
    await must(program, args(path));
  });
}

for (const [what, start] of Object.entries(START)) {
  Deno.test(`${what}: each broken set-up is named, and the next order succeeds`, async (t) => {
    await using it = await orderBench(() => start({ zone: BASE }));
    const order = async (options: Partial<AcmeAuthorityOptions> = {}): Promise<string> => {
      const { csr } = await makeKeyAndRequest(NAMES);
      return await (await it.open(options)).issue({ csr, names: NAMES });
    };
    for (const [what, { message, breakIt, options, mendIt }] of Object.entries(FAULTS)) {
      await t.step(what, async () => {
        await breakIt?.(it);
        await assert.rejects(order(options?.(it)), message);
        await mendIt?.(it);
        await order();
        assert.deepEqual(await it.dns.standsAt(`_acme-challenge.${BASE}`), []);
      });
    }
  });

  Deno.test(`${what}: doctor tells what the key may not do`, async () => {
    // All but the texts that challenges are.
    const types = ["A", "AAAA"];
    await using daemon = await startDaemonBeside(() =>
      orderBench(() => start({ zone: BASE, types }))
    );
    const { dns } = daemon.it;
    const line = await daemon.logged("certificate order failed");
    const refused = what === "bind9"
      ? /refuses a change of _acme-challenge\.glosson\.test in glosson\.test \(REFUSED\): let the key glossond do that \(update-policy/
      // It says no more than that of a key that may not.
      : /knows no key glossond \(hmac-sha256\), or does not let it do this: look at its keys and what they may/;
    assert.match(JSON.stringify(line), refused);
    const examine = async (): Promise<{ state: string; detail: string }> => {
      const { stdout } = await daemon.glossond("doctor", "--json");
      const found = (JSON.parse(stdout) as { check: string; state: string; detail: string }[])
        .find(({ check }) => check === "DNS updates");
      assert.ok(found, stdout);
      assert.ok(!stdout.includes(KEY.secret));
      return found;
    };
    const fault = await examine();
    assert.equal(fault.state, "fault", fault.detail);
    await dns.stop();
    assert.match((await examine()).detail, /Cannot reach the DNS server at 127\.0\.0\.1:\d+/);
    assert.ok(!JSON.stringify(daemon.lines).includes(KEY.secret));
  });

  Deno.test(`${what}: doctor finds the set-up of OPERATING good, and changes nothing`, async () => {
    await using daemon = await startDaemonBeside(() => orderBench(() => start({ zone: BASE })));
    await daemon.logged("certificate in use");
    const before = await daemon.it.dns.standsAt(BASE);
    const { stdout } = await daemon.glossond("doctor");
    assert.match(
      stdout,
      /ok +DNS updates: the key glossond may read zone glosson\.test and write to it/,
    );
    // The serial in it, too.
    assert.deepEqual(await daemon.it.dns.standsAt(BASE), before);
  });
}
