import assert from "node:assert/strict";
import { addressGroup } from "../../lib/net/address_group.ts";

Deno.test("addressGroup() keeps IPv4 apart and IPv6 together by /64", () => {
  const cases = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:c000:207", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8:1:3::9", "2001:db8:1:3::/64"],
    ["fe80::1%eth0", "fe80::/64"],
    ["::1", "::/64"],
    ["unix", "unix"],
    ["", ""],
  ];
  for (const [address = "", group] of cases) assert.equal(addressGroup(address), group, address);
});
