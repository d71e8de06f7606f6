import assert from "node:assert/strict";
import {
  AddressForbidden,
  DataAddresses,
  type DataAddressesOptions,
  NEAR_PROOF_MS,
} from "../../../examples/client/data_address.ts";
import { parseBlock } from "../../../lib/wire/address_scope.ts";

/** The addresses of names, for relays that are elsewhere unless told otherwise. */
function addressesOf(
  names: Record<string, string[]>,
  options: Partial<DataAddressesOptions> = {},
): DataAddresses {
  return new DataAddresses({
    relayHost: "relay.example.org",
    isRelayAt: () => Promise.resolve(false),
    lookup: (hostname) =>
      names[hostname] ? Promise.resolve(names[hostname]) : Promise.reject(new Error("ENOTFOUND")),
    networks: () => [],
    sleep: () => Promise.resolve(),
    ...options,
  });
}

/** Addresses on a client's own side of its router, in every dress. */
const INSIDE = [
  ...[
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "169.254.169.254",
  ],
  ...["100.64.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:192.168.1.1"],
  ...["::127.0.0.1", "64:ff9b::10.0.0.1", "2002:c0a8:0101::1", "224.0.0.251", "255.255.255.255"],
];

Deno.test("a relay elsewhere has nobody dial this computer or its network", async () => {
  for (const address of INSIDE) {
    await assert.rejects(addressesOf({ data: [address] }).of("data"), AddressForbidden, address);
  }
  const near = { networks: () => [parseBlock("203.0.113.9/24")!, parseBlock("2001:db8:1::9/64")!] };
  for (const address of ["203.0.113.1", "203.0.113.9", "2001:db8:1::1", "::ffff:203.0.113.1"]) {
    await assert.rejects(addressesOf({ data: [address] }, near).of("data"), AddressForbidden);
  }
  assert.deepEqual(await addressesOf({ data: ["203.0.114.1"] }, near).of("data"), ["203.0.114.1"]);
});

Deno.test("a computer that moves to another network knows it a second later", async () => {
  let own = "203.0.113.9/24";
  let ms = 0;
  const addresses = addressesOf({ data: ["198.51.100.1"] }, {
    networks: () => [parseBlock(own)!],
    now: () => ms,
  });
  assert.deepEqual(await addresses.of("data"), ["198.51.100.1"]);
  own = "198.51.100.9/24";
  ms = 1_000;
  await assert.rejects(addresses.of("data"), AddressForbidden);
});

Deno.test("of a name with addresses here and elsewhere only those elsewhere are dialled", async () => {
  const names = { data: ["192.168.1.1", "203.0.113.7", "::1", "2001:db8::7"] };
  assert.deepEqual(await addressesOf(names).of("data"), ["203.0.113.7", "2001:db8::7"]);
});

Deno.test("of given addresses those here may be dialled where the relay is here, too", async () => {
  const both = ["203.0.113.7", "192.168.1.9", "2001:db8::7"];
  assert.deepEqual(await addressesOf({}).among(both), ["203.0.113.7", "2001:db8::7"]);
  assert.deepEqual(await addressesOf({}).among(INSIDE), []);
  assert.deepEqual(await addressesOf({}, { relayHost: "10.1.1.1" }).among(both), both);
  // Those elsewhere need no proof of where the relay is.
  const isRelayAt = () => Promise.reject(new Error("asked"));
  const names = { "relay.example.org": ["192.168.1.8"] };
  const distant = await addressesOf(names, { isRelayAt }).among(["203.0.113.7"]);
  assert.deepEqual(distant, ["203.0.113.7"]);
});

Deno.test("a name is resolved once, and what was judged is what is dialled", async () => {
  // As a name whose owner answers another address each time.
  const answers = [["203.0.113.7"], ["192.168.1.1"], ["203.0.113.8"]];
  const addresses = addressesOf({}, {
    lookup: (host) => Promise.resolve(host === "data" ? answers.shift()! : []),
  });
  assert.deepEqual(await addresses.of("data"), ["203.0.113.7"]);
  await assert.rejects(addresses.of("data"), AddressForbidden);
  assert.deepEqual(await addresses.of("data"), ["203.0.113.8"]);
});

Deno.test("a name is resolved once for all who need it at the same time, and again afterwards", async () => {
  const asked: PromiseWithResolvers<string[]>[] = [];
  const addresses = addressesOf({}, {
    lookup(host) {
      if (host !== "data") return Promise.resolve([]);
      asked.push(Promise.withResolvers());
      return asked.at(-1)!.promise;
    },
  });
  const together = [1, 2, 3].map(() => addresses.of("data"));
  asked[0]!.resolve(["203.0.113.7"]);
  assert.deepEqual(await Promise.all(together), Array(3).fill(["203.0.113.7"]));
  const failing = [1, 2].map(() => addresses.of("data"));
  asked[1]!.reject(new Error("ENOTFOUND"));
  for (const each of failing) await assert.rejects(each, /ENOTFOUND/);
  const later = addresses.of("data");
  asked[2]!.resolve(["203.0.113.8"]);
  assert.deepEqual(await later, ["203.0.113.8"]);
  assert.equal(asked.length, 3);
});

Deno.test("a relay on this computer or its network may have its data port there too", async () => {
  const inside = { data: ["192.168.1.9"] };
  for (
    const relayHost of ["localhost", "relay.glosson.localhost", "127.0.0.1", "[::1]", "10.1.1.1"]
  ) {
    assert.deepEqual(await addressesOf(inside, { relayHost }).of("data"), ["192.168.1.9"]);
  }
  await assert.rejects(addressesOf(inside, { relayHost: "203.0.113.7" }).of("data"));
});

Deno.test("a name that leads here proves nothing, its certificate does", async () => {
  const names = { "relay.example.org": ["203.0.113.7", "192.168.1.8"], data: ["192.168.1.9"] };
  const asked: string[] = [];
  const by = (proves: boolean): Partial<DataAddressesOptions> => ({
    isRelayAt(address) {
      asked.push(address);
      return Promise.resolve(proves);
    },
    // What is proven comes before the time is over.
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
  });
  assert.deepEqual(await addressesOf(names, by(true)).of("data"), ["192.168.1.9"]);
  assert.deepEqual(asked, ["192.168.1.8"]);
  const unproven = addressesOf(names, by(false));
  for (let i = 0; i < 3; i++) await assert.rejects(unproven.of("data"), AddressForbidden);
  assert.equal(asked.length, 2, "asked once for all");
});

Deno.test("a relay is here by any of its addresses, whatever becomes of the others", async () => {
  const [lost, other, own] = ["192.168.1.7", "192.168.1.8", "fd00::8"];
  const names = { "relay.example.org": [lost, other, own], data: [own] };
  const addresses = addressesOf(names, {
    isRelayAt: (address) =>
      address === lost ? new Promise(() => {}) : Promise.resolve(address === own),
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
  });
  assert.deepEqual(await addresses.of("data"), [own]);
});

Deno.test("a relay that could not prove itself may try again, once a minute", async () => {
  let asked = 0;
  let time = 0;
  const addresses = addressesOf({ "relay.example.org": ["192.168.1.8"], data: ["192.168.1.9"] }, {
    // The network is slow at first.
    isRelayAt: () => ++asked > 1 ? Promise.resolve(true) : new Promise(() => {}),
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
    now: () => time,
  });
  for (time of [0, 1_000, 59_000]) {
    await assert.rejects(addresses.of("data"), AddressForbidden);
    assert.equal(asked, 1);
  }
  for (time of [60_000, 200_000]) {
    assert.deepEqual(await addresses.of("data"), ["192.168.1.9"]);
    assert.equal(asked, 2);
  }
});

Deno.test("how long a refusal takes says nothing of what is there", async () => {
  const waits: [string, number][] = [];
  const cases: [string, Partial<DataAddressesOptions>][] = [
    ["nothing answers", { isRelayAt: () => new Promise(() => {}) }],
    ["something else answers", { isRelayAt: () => Promise.resolve(false) }],
    ["the relay is elsewhere", { relayHost: "other.example.org" }],
    ["the relay has no address", { relayHost: "none.example.org" }],
  ];
  const names = {
    "relay.example.org": ["192.168.1.8"],
    "other.example.org": ["203.0.113.7"],
    data: ["192.168.1.9"],
  };
  for (const [what, options] of cases) {
    for (const host of ["data", "no-such-name"]) {
      let over: (() => void) | undefined;
      let settled = false;
      const addresses = addressesOf(names, {
        ...options,
        sleep(ms) {
          waits.push([what, ms]);
          return new Promise((resolve) => over = resolve);
        },
      });
      const asked = addresses.of(host).catch(() => settled = true);
      await new Promise((resolve) => setTimeout(resolve));
      assert.equal(settled, false, `${what}: ${host}`);
      over!();
      await asked;
      assert.equal(settled, true);
    }
  }
  assert.ok(waits.length === 8 && waits.every(([, ms]) => ms === NEAR_PROOF_MS));
});
