import { LEAVING_APP } from "./leaving_app.ts";
import { LEAVING_HTTP1 } from "./leaving_http1.ts";
import { LEAVING_HTTP2 } from "./leaving_http2.ts";
import { leavesNothing } from "./left_behind.ts";

/** Visits of a kind; `tests/system/client_places_test.ts` makes a thousand. */
const COUNT = 64;

Deno.test("Front gives back what a visitor took, whenever and however they leave", (t) =>
  leavesNothing(t, LEAVING_HTTP1, COUNT));

Deno.test("Front gives back what a visitor took, whenever and however they leave HTTP/2", (t) =>
  leavesNothing(t, LEAVING_HTTP2, COUNT));

Deno.test("Front gives back what a visitor took, whenever and however the app leaves", (t) =>
  leavesNothing(t, LEAVING_APP, COUNT));
