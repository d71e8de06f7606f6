import { deepEqual } from "node:assert/strict";
import { parseHttpRequest } from "../../lib/wire/http_request.ts";
import { bytes } from "./hello_builder.ts";

Deno.test("parseHttpRequest() reads method, target, host and port", () => {
  const head = bytes("GET /a?b HTTP/1.1\r\nHost: Kaylee.Example.Org:80\r\nAccept: */*\r\n\r\n");
  deepEqual(parseHttpRequest(head), {
    state: "request",
    method: "GET",
    target: "/a?b",
    host: "kaylee.example.org",
    port: 80,
  });
});
