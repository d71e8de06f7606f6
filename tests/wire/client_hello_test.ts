import { deepEqual } from "node:assert/strict";
import { parseClientHello } from "../../lib/wire/client_hello.ts";
import { hello } from "./hello_builder.ts";

Deno.test("parseClientHello() reads server name and ALPN", () => {
  const bytes = hello();
  deepEqual(parseClientHello(bytes), {
    state: "hello",
    serverName: "kaylee.example.org",
    alpn: ["h2", "http/1.1"],
    ech: false,
    length: bytes.length,
  });
});
