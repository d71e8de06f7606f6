import { LEAVING_APP } from "../examples/client/front/leaving_app.ts";
import { LEAVING_HTTP1 } from "../examples/client/front/leaving_http1.ts";
import { LEAVING_HTTP2 } from "../examples/client/front/leaving_http2.ts";
import { leavesNothing } from "../examples/client/front/left_behind.ts";

/** Visits of each kind. */
const COUNT = 1_000;

Deno.test("a thousand visitors who leave at each moment of a visit leave nothing behind", (t) =>
  leavesNothing(t, LEAVING_HTTP1, COUNT));

Deno.test("a thousand visitors who leave at each moment of HTTP/2 leave nothing behind", (t) =>
  leavesNothing(t, LEAVING_HTTP2, COUNT));

Deno.test("a thousand visitors whom the app leaves in each way leave nothing behind", (t) =>
  leavesNothing(t, LEAVING_APP, COUNT));
