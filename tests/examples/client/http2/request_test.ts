import assert from "node:assert/strict";
import { StreamError } from "../../../../examples/client/http2/frames.ts";
import { readRequest } from "../../../../examples/client/http2/request.ts";
import type { Field } from "../../../../examples/client/http/fields.ts";

/** A request with these fields besides those that each has. */
function read(...others: Field[]) {
  const fields: Field[] = [[":method", "GET"], [":scheme", "https"], [":path", "/"], ...others];
  return readRequest({
    stream: 1,
    endStream: true,
    dependsOnItself: false,
    list: { fields, tooLarge: false },
  });
}

Deno.test("readRequest() takes of TE what HTTP/2 has, in capitals too, and nothing else", () => {
  for (const value of ["trailers", "Trailers"]) {
    assert.deepEqual(read(["te", value]).fields, [["te", value]]);
  }
  for (const value of ["gzip", "trailers, gzip", ""]) {
    assert.throws(() => read(["te", value]), StreamError, value);
  }
});

Deno.test("readRequest() takes a host that is named once, or alike by both names", () => {
  const authority = (value: string): Field => [":authority", value];
  const host = (value: string): Field => ["host", value];
  assert.equal(read(authority("a.example")).host, "a.example");
  assert.equal(read(host("a.example:444")).host, "a.example:444");
  assert.equal(read(authority("a.example"), host("A.example:443")).host, "a.example");
  for (
    const fields of [
      [authority("a.example"), host("b.example")],
      [authority("a.example"), host("a.example:444")],
      [authority(""), host("a.example")],
      [host("a.example"), host("b.example")],
      [authority("a.example"), host("a.example"), host("a.example")],
    ]
  ) assert.throws(() => read(...fields), StreamError, JSON.stringify(fields));
});
