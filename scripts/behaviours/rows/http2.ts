import {
  answerHead,
  answering,
  type Behaviour,
  lastAnswer,
  OK,
  type Reply,
  type Requests,
  type Trial,
} from "../behaviour.ts";
import { readRequestHead, valueOf, valuesOf } from "../message.ts";

/** A behaviour over HTTP/2, with curl as the visitor. */
function byCurl(
  what: string,
  rule: string,
  row: {
    path?: string;
    args?: string[];
    reply?: Reply;
    right: string[];
    allowed?: string[];
    verdict: (output: string, requests: Requests) => string;
  },
): Behaviour {
  const { path = "/h2", args = [], reply = OK, verdict, right, allowed } = row;
  return {
    what: `HTTP/2: ${what}`,
    rule,
    right,
    ...(allowed !== undefined && { allowed }),
    direct: false,
    async measure(trial) {
      const requests = answering(trial.app, reply);
      const output = await trial.curl(path, ...args);
      const failed = /curl: \((\d+)\)/.exec(output);
      const seen = failed === null ? verdict(output, requests) : `curl error ${failed[1]}`;
      answering(trial.app);
      const next = await trial.curl("/next");
      return /^HTTP\/2 200/.test(next) ? seen : "the next visitor is not served";
    },
  };
}

/** The verdict, when the answer was 200 by HTTP/2. */
function on200(
  verdict: (output: string, requests: Requests) => string,
): (output: string, requests: Requests) => string {
  return (output, requests) => {
    const statuses = [...output.matchAll(/^HTTP\/([\d.]+) (\d+)/gm)];
    const [, version, status] = statuses.at(-1) ?? [];
    if (version !== "2") return version === undefined ? "no answer" : `HTTP/${version}`;
    return status === "200" ? verdict(output, requests) : status!;
  };
}

/** What the app got of a field, by its length where it is long. */
function field(name: string, value: string): (output: string, requests: Requests) => string {
  return on200((_, [request]) => {
    if (request === undefined) return "nothing";
    const seen = valuesOf(request, name);
    if (seen.length === 0) return "dropped";
    return seen.length === 1 && seen[0] === value ? "as sent" : "altered";
  });
}

function cookies(length: number): Behaviour {
  const value = `s=${"a".repeat(length - 2)}`;
  return byCurl(
    `cookies of ${length.toLocaleString("en")} bytes`,
    "64 KiB of fields, both versions",
    {
      args: ["--header", `Cookie: ${value}`],
      right: ["as sent"],
      allowed: ["400", "431"],
      verdict: field("cookie", value),
    },
  );
}

/** What visitors get over HTTP/2. */
export const HTTP2_ROWS: Behaviour[] = [
  byCurl("GET", "RFC 9113", {
    right: ["ok"],
    verdict: on200((output) => output.endsWith("\r\n\r\nok") ? "ok" : "other body"),
  }),
  byCurl("target as sent", "RFC 9110 7.7: a proxy must not change path and query", {
    path: "/a/../b/%2e%2e/{x}?f=it's&y=\"",
    args: ["--globoff"],
    right: ["as sent"],
    verdict: on200((_, [request]) =>
      request!.first.split(" ")[1] === "/a/../b/%2e%2e/{x}?f=it's&y=\"" ? "as sent" : "altered"
    ),
  }),
  byCurl("GET with a body", "RFC 9113 8.1: the app gets the body that was sent", {
    args: ["--request", "GET", "--data", '{"q":1}'],
    right: ['{"q":1}'],
    verdict: on200((_, [request]) => request!.body),
  }),
  byCurl("DELETE without a body", "RFC 9113 8.1: no body is no body", {
    args: ["--request", "DELETE"],
    right: ["no body"],
    verdict: on200((_, [request]) =>
      valuesOf(request!, "transfer-encoding").length === 0 && request!.body === ""
        ? "no body"
        : "in chunks"
    ),
  }),
  byCurl("POST with a length", "small servers know no chunks", {
    args: ["--data", "abcdefgh"],
    right: ["length, abcdefgh"],
    verdict: on200((_, [request]) => `${request!.framing}, ${request!.body}`),
  }),
  byCurl("HEAD with a length", "RFC 9110 9.3.2: the length is that of a GET", {
    args: ["--head"],
    reply: answerHead("200 OK", "Content-Length: 4096"),
    right: ["4096"],
    verdict: on200((output) => /^content-length: (\d+)/m.exec(output)?.[1] ?? "without"),
  }),
  byCurl("Host", "RFC 9113 8.3.1: from :authority", {
    right: ["the visitor's"],
    verdict: on200((_, [request]) =>
      /^kaylee\.glosson\.localhost:\d+$/.test(valueOf(request!, "host") ?? "")
        ? "the visitor's"
        : "the app's own"
    ),
  }),
  cookies(17_000),
  cookies(64_000),
  byCurl("a field of 20,000 bytes", "the same limit in both versions", {
    args: ["--header", `X-Long: ${"a".repeat(20_000)}`],
    right: ["as sent"],
    allowed: ["400", "431"],
    verdict: field("x-long", "a".repeat(20_000)),
  }),
  byCurl("UTF-8 in a value", "RFC 9110 5.5: obs-text is passed on", {
    args: ["--header", "X-Name: Jörg"],
    right: ["as sent"],
    verdict: field("x-name", "J\xc3\xb6rg"),
  }),
  byCurl(
    "an underscore in a name",
    "RFC 3875 4.1.18: CGI and WSGI apps take it for X-Forwarded-For",
    {
      args: ["--header", "x_forwarded_for: 198.51.100.9"],
      right: ["dropped"],
      allowed: ["as sent"],
      verdict: field("x_forwarded_for", "198.51.100.9"),
    },
  ),
  byCurl("103 Early Hints", "RFC 9110 15.2: a proxy must pass 1xx on", {
    reply: answerHead("103 Early Hints", "Link: </a.css>; rel=preload") + OK,
    right: ["as said"],
    verdict: on200((output) =>
      /^HTTP\/2 103[^]*link: <\/a\.css>/m.test(output) ? "as said" : "dropped"
    ),
  }),
  byCurl("trailers of an answer", "RFC 9110 6.5.1: to whoever says TE: trailers; gRPC needs them", {
    args: ["--header", "TE: trailers"],
    reply: answerHead("200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum") +
      "3\r\nhi\n\r\n0\r\nX-Sum: 7\r\n\r\n",
    right: ["as said"],
    allowed: ["dropped"],
    verdict: on200((output) => /^x-sum: 7/m.test(output) ? "as said" : "dropped"),
  }),
  byCurl("fields of one hop in an answer", "RFC 9113 8.2.2: must not be sent", {
    reply: lastAnswer(
      answerHead(
        "200 OK",
        "Connection: close, x-hop",
        "Keep-Alive: 5",
        "X-Hop: 1",
        "Content-Length: 2",
      ) + "ok",
    ),
    right: ["removed"],
    verdict: on200((output) =>
      /^(connection|keep-alive|x-hop):/m.test(output) ? "kept" : "removed"
    ),
  }),
  byCurl("204", "RFC 9110 15.3.5", {
    reply: answerHead("204 No Content"),
    right: ["204"],
    verdict: (output) => /^HTTP\/2 (\d+)/.exec(output)?.[1] ?? "no answer",
  }),
  byCurl("Set-Cookie twice", "RFC 6265 3: never joined into one", {
    reply: answerHead("200 OK", "Set-Cookie: a=1", "Set-Cookie: b=2", "Content-Length: 0"),
    right: ["two"],
    verdict: on200((output) =>
      [...output.matchAll(/^set-cookie: [ab]=\d\r$/gm)].length === 2 ? "two" : "joined"
    ),
  }),
  byCurl("200 fields in an answer", "RFC 9110 5.4: all are passed on", {
    reply: answerHead(
      "200 OK",
      ...Array.from({ length: 200 }, (_, i) => `X-F${i}: ${i}`),
      "Content-Length: 0",
    ),
    right: ["200"],
    verdict: on200((output) => String([...output.matchAll(/^x-f\d+: /gm)].length)),
  }),
  byCurl(
    "a control byte in a field of an answer",
    "RFC 9113 8.2.1: passed, replaced or 502; nothing ends",
    {
      reply: answerHead("200 OK", "X-A: a\x01b", "Content-Length: 2") + "ok",
      right: ["200", "502"],
      verdict: (output) => /^HTTP\/2 (\d+)/.exec(output)?.[1] ?? "no answer",
    },
  ),
  byCurl(
    "a body that is cut short",
    "RFC 9113 8.1: the stream is reset, so that the visitor sees it",
    {
      reply: async (wire) => {
        await wire.send(answerHead("200 OK", "Transfer-Encoding: chunked") + "4\r\npart\r\n");
        wire.close();
      },
      right: ["curl error 92", "curl error 18", "curl error 56"],
      verdict: on200(() => "taken for whole"),
    },
  ),
  {
    what: "HTTP/2: an upload of 10 MB that the app answers early",
    rule: "RFC 9113 8.1: the answer reaches the visitor whole",
    right: ["413, full"],
    direct: false,
    async measure(trial) {
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.skip(100_000);
        await wire.send(answerHead("413 Large", "Content-Length: 4", "Connection: close") + "full");
        await wire.finish();
        await wire.rest();
      });
      const file = await Deno.makeTempFile();
      try {
        await Deno.truncate(file, 10_000_000);
        const output = await trial.curl("/early", "--upload-file", file);
        const status = [...output.matchAll(/^HTTP\/2 (\d+)/gm)].at(-1)?.[1];
        return `${status}, ${/\r\n\r\nfull/.test(output) ? "full" : "no body"}`;
      } finally {
        await Deno.remove(file);
      }
    },
  },
  {
    what: "HTTP/2: cookies in several fields",
    rule: "RFC 9113 8.2.3: joined with a semicolon for HTTP/1.1",
    right: ["a=1; b=2; c=3"],
    direct: false,
    measure: (trial) => crumbs(trial),
  },
];

async function crumbs(trial: Trial): Promise<string> {
  const requests = answering(trial.app);
  const args = ["a=1", "b=2", "c=3"].flatMap((crumb) => ["--header", `cookie: ${crumb}`]);
  const output = await trial.nghttp("/crumbs", ...args);
  const [request] = requests;
  return request === undefined
    ? `nothing: ${output.slice(0, 40)}`
    : valuesOf(request, "cookie").join(" | ");
}
