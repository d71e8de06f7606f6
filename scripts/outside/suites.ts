import type { Suite } from "./suite.ts";
import { API_SUITES } from "./suites/api.ts";
import { AUTOBAHN, AUTOBAHN_CONTROL } from "./suites/autobahn.ts";
import { CURL } from "./suites/curl.ts";
import { HTTP2_SUITES } from "./suites/http2.ts";
import { NODE_SUITES } from "./suites/node_apps.ts";
import { PYTHON_SUITES } from "./suites/python_apps.ts";
import { REDBOT } from "./suites/redbot.ts";
import { SERVER_SUITES } from "./suites/servers.ts";
import { SLOWHTTPTEST } from "./suites/slowhttptest.ts";
import { WEB_SOCKET_SUITES } from "./suites/web_sockets.ts";

/** Every suite, in the order in which they run. */
export const SUITES: readonly Suite[] = [
  CURL,
  ...HTTP2_SUITES,
  ...NODE_SUITES,
  ...PYTHON_SUITES,
  ...SERVER_SUITES,
  ...WEB_SOCKET_SUITES,
  AUTOBAHN,
  AUTOBAHN_CONTROL,
  ...API_SUITES,
  SLOWHTTPTEST,
  REDBOT,
];
