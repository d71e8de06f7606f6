import { deepEqual } from "node:assert/strict";
import { encodeProxyV2, parseProxyHeader } from "../../lib/wire/proxy_protocol.ts";

Deno.test("parseProxyHeader() reads what encodeProxyV2() writes", () => {
  const addresses = {
    source: { address: "192.0.2.7", port: 50_000 },
    destination: { address: "198.51.100.1", port: 443 },
  };
  deepEqual(parseProxyHeader(encodeProxyV2(addresses)), { state: "header", length: 28, addresses });
  deepEqual(parseProxyHeader(encodeProxyV2(undefined)), { state: "header", length: 16 });
});
