import assert from "node:assert/strict";
import { isPublicIp, isWithin, parseBlock } from "../../lib/wire/address_scope.ts";
import { parseIp } from "../../lib/wire/ip_address.ts";

/** IPv4 addresses that no relay elsewhere can be at, at both ends of each block. */
const NOT_PUBLIC = [
  ...["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255"],
  ...["127.0.0.1", "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.0"],
  ...["172.31.255.255", "192.0.0.1", "192.168.0.0", "192.168.255.255", "198.18.0.1"],
  ...["198.19.255.255", "224.0.0.251", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
];

/** IPv4 addresses right beside those blocks. */
const PUBLIC = [
  ...["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
  ...["128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0"],
  ...["192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"],
];

/** An address's two halves in hexadecimal, for embedding. */
function hex(address: string, invert = 0): string {
  const [a, b, c, d] = address.split(".").map((part) => Number(part) ^ invert) as [
    number,
    number,
    number,
    number,
  ];
  return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}

/** Every IPv6 form that an IPv4 address has. */
function forms(address: string): string[] {
  return [
    `::ffff:${address}`,
    `::${address}`,
    `::ffff:0:${address}`,
    `64:ff9b::${address}`,
    `64:ff9b:1:fffe::${address}`,
    `2002:${hex(address)}::1`,
    `2001:0:${hex(address)}:0:0:f7f7:f7f7`,
    `2001:0:808:808:0:0:${hex(address, 0xff)}`,
    `2a00:1450:4001::5efe:${address}`,
    `2a00:1450:4001:0:200:5efe:${address}`,
  ];
}

function isPublic(text: string): boolean {
  const bytes = parseIp(text);
  assert.ok(bytes, text);
  return isPublicIp(bytes);
}

Deno.test("isPublicIp() knows every block that leads to this machine or its networks", () => {
  for (const address of NOT_PUBLIC) assert.equal(isPublic(address), false, address);
  for (const address of PUBLIC) assert.equal(isPublic(address), true, address);
});

Deno.test("isPublicIp() judges an IPv6 form of an IPv4 address by that", () => {
  for (const address of NOT_PUBLIC) {
    for (const form of forms(address)) assert.equal(isPublic(form), false, form);
  }
  for (const address of PUBLIC) {
    // IPv4-compatible addresses of ::/128 and ::1 apart, each form leads where the address leads.
    for (const form of forms(address)) assert.equal(isPublic(form), true, form);
  }
});

Deno.test("isPublicIp() knows IPv6's own blocks", () => {
  for (
    const address of [
      ...["::", "::1", "fe80::1", "fe80::1%eth0", "febf::1", "fc00::1", "fdff:ffff::1", "fec0::1"],
      ...["ff02::1", "100::1"],
    ]
  ) assert.equal(isPublic(address), false, address);
  for (const address of ["2001:4860::1", "2a00::1", "fe00::1", "64:ff9b:2::1", "2003::1"]) {
    assert.equal(isPublic(address), true, address);
  }
});

Deno.test("isWithin() compares as many bits as the block says", () => {
  const cases: [string, string, boolean][] = [
    ["192.0.2.200", "192.0.2.0/24", true],
    ["192.0.3.0", "192.0.2.0/24", false],
    ["192.0.2.129", "192.0.2.128/25", true],
    ["192.0.2.127", "192.0.2.128/25", false],
    ["192.0.2.1", "0.0.0.0/0", true],
    ["2001:db8:1:2::9", "2001:db8:1:2::1/64", true],
    ["2001:db8:1:3::9", "2001:db8:1:2::1/64", false],
    ["192.0.2.1", "::/0", false],
  ];
  for (const [address, block, expected] of cases) {
    assert.equal(isWithin(parseIp(address)!, parseBlock(block)!), expected, `${address} ${block}`);
  }
  for (const text of ["192.0.2.0/33", "192.0.2.0", "x/8", "/8", "::/129"]) {
    assert.equal(parseBlock(text), undefined, text);
  }
});
