import { MAX_HTTP_HEAD_BYTES, parseHttpRequest } from "../../lib/wire/http_request.ts";
import { joined, mutate } from "./mutate.ts";
import { judgePrefix } from "./prefix.ts";
import type { Random } from "./random.ts";

const encoder = new TextEncoder();

/** Parts of requests: the right ones first, then others. */
const PARTS = {
  method: [["GET", "HEAD", "POST", "OPTIONS"], ["CONNECT", "SSH-2.0-x", "M-SEARCH", "", "G\0T"]],
  target: [
    ["/", "/a?b=c", "http://a.example/x", "//b", "/%0d%0a"],
    ["*", "a.example:443", "/a#b", "", "/a b", "/\x7f", "http://", "ftp://a/"],
  ],
  version: [["HTTP/1.1", "HTTP/1.0"], ["HTTP/2.0", "HTTP/1.1 ", "", "http/1.1"]],
  host: [
    ["Host: kaylee.example.org", "host:a.example:8080", "HOST: [2001:db8::1]:80", "Host:192.0.2.7"],
    ["Host: a.example, b.example", "Host: a b", "Host : a.example", "X: y", "Host: <b>", "Host:"],
  ],
  field: [
    ["Accept: */*", "Cookie: a=b; c=d", "X:"],
    [" folded: yes", "no colon", ": x", "Host: c.example", "X: \0"],
  ],
  end: [["\r\n", "\n"], ["\r", "\r\r\n", ""]],
} satisfies Record<string, [string[], string[]]>;

/** The bytes of a case: a request made of likely parts, damaged some of the time. */
export function httpCase(random: Random): Uint8Array {
  const part = (name: keyof typeof PARTS): string => random.pick(PARTS[name][+random.once(25)]!);
  const line = `${part("method")} ${part("target")} ${part("version")}`;
  const fields = Array.from({ length: random.below(4) }, () => part("field"));
  fields.splice(random.below(fields.length + 1), 0, part("host"));
  const text = [line, ...fields, "", "body"].map((one) => one + part("end")).join("");
  const bytes = encoder.encode(text);
  const others = PARTS.host.flat().map((field) => encoder.encode(field));
  return random.once(2) ? bytes : mutate(bytes, random, others);
}

/** What is wrong with the reading of some bytes; nothing when all is well. */
export function judgeHttp(bytes: Uint8Array, random: Random): string | undefined {
  const whole = parseHttpRequest(bytes);
  const text = JSON.stringify(whole);
  const wrong = judgePrefix(parseHttpRequest, bytes, random);
  if (wrong !== undefined) return wrong;
  if (whole.state === "more" && bytes.length >= MAX_HTTP_HEAD_BYTES) {
    return "it wants more than the limit";
  }
  if (whole.state !== "request") return undefined;
  const { method, target, host, port } = whole;
  if (!/^[!-~]+$/.test(method)) return `it has the method ${JSON.stringify(method)}`;
  if (!/^\/[!-~]*$/.test(target)) return `it has the target ${JSON.stringify(target)}`;
  if (host !== undefined && !/^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/.test(host)) {
    return `it has the host ${JSON.stringify(host)}`;
  }
  if (port !== undefined && !(port >= 0 && port <= 65_535)) return `it has the port ${port}`;
  const longer = parseHttpRequest(joined(bytes, encoder.encode("Host: other.example\r\n\r\n")));
  return JSON.stringify(longer) === text ? undefined : `with more behind it is another: ${text}`;
}
