import assert from "node:assert/strict";
import { StreamError } from "../../../../examples/client/http2/frames.ts";
import { readRequest } from "../../../../examples/client/http2/request.ts";
import type { Field } from "../../../../examples/client/http/fields.ts";

/** A request with this field besides those that each has. */
function read(field: Field) {
  const fields: Field[] = [[":method", "GET"], [":scheme", "https"], [":path", "/"], field];
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
