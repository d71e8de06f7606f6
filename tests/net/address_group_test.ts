import assert from "node:assert/strict";
import { addressGroups, limitedGroups } from "../../lib/net/address_group.ts";

Deno.test("addressGroups() has an IPv4 address and its /24, of IPv6 the /64, /56 and /48", () => {
  const cases: [string, ...string[]][] = [
    ["192.0.2.7", "192.0.2.7", "192.0.2.0/24"],
    ["::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"],
    ["::FFFF:c000:207", "192.0.2.7", "192.0.2.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/56", "2001:db8:1::/48"],
    ["2001:0DB8:1:2ff::9", "2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"],
    ["2001:db8:1:300::9", "2001:db8:1:300::/64", "2001:db8:1:300::/56", "2001:db8:1::/48"],
    ["2001:db8:2:300::9", "2001:db8:2:300::/64", "2001:db8:2:300::/56", "2001:db8:2::/48"],
    ["fe80::1%eth0", "fe80::/64", "fe80::/56", "fe80::/48"],
    ["::1", "::/64", "::/56", "::/48"],
    ["unix", "unix"],
    ["", ""],
  ];
  for (const [address, ...groups] of cases) {
    assert.deepEqual(addressGroups(address), groups, address);
  }
});

Deno.test("limitedGroups() leaves loopback out, and nobody else", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "::1"]) {
    assert.deepEqual(limitedGroups(address), [], address);
  }
  assert.deepEqual(limitedGroups("128.0.0.1"), ["128.0.0.1", "128.0.0.0/24"]);
  assert.equal(limitedGroups("::2")[0], "::/64");
});
