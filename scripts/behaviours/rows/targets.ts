import { type Behaviour, exchange, head, ofBoth, OK, type Trial } from "../behaviour.ts";

const AS_SENT = "RFC 9110 7.7: a proxy must not change path and query";

/** Targets that signed URLs, old apps and scanners have. */
const TARGETS: [what: string, target: string][] = [
  ["an apostrophe in the query", "/d?Sig=x&f=it's"],
  ["an empty query", "/p?"],
  ["dot segments", "/a/../b/./c"],
  ["dot segments, encoded", "/a/%2e%2e/b"],
  ["a backslash", "/a\\b"],
  ["braces and a bar", "/{x}|y"],
  ["quotes and angle brackets", '/q?x=a"b<c>'],
  ["two slashes", "//double//slash"],
  ["needless and broken escapes", "/%41%7e?%zz%"],
  ["an encoded slash", "/a%2Fb%5cc"],
  ["UTF-8, not encoded", "/caf\xc3\xa9"],
  ["8,000 bytes", `/${"a".repeat(7_999)}`],
];

async function seenTarget(trial: Trial, method: string, target: string): Promise<string> {
  return ofBoth(await exchange(trial, head(trial, `${method} ${target}`)), ({ first }) => {
    const [, seen] = first.split(" ");
    if (seen === target) return "as sent";
    return seen!.length > 40 ? "other bytes" : seen!;
  });
}

/** What becomes of the target of a request. */
export const TARGET_ROWS: Behaviour[] = [
  ...TARGETS.map(([what, target]): Behaviour => ({
    what: `target: ${what}`,
    rule: AS_SENT,
    right: ["as sent"],
    measure: (trial) => seenTarget(trial, "GET", target),
  })),
  {
    what: "target: OPTIONS *",
    rule: "RFC 9112 3.2.4: the last proxy passes an asterisk on as it is",
    right: ["as sent"],
    measure: (trial) => seenTarget(trial, "OPTIONS", "*"),
  },
  {
    what: "target: with scheme and host",
    rule: "RFC 9112 3.2.2: a server must take the absolute form; origin form to the app",
    right: ["/x?y=1"],
    direct: false,
    measure: (trial) => seenTarget(trial, "GET", `https://${trial.host}/x?y=1`),
  },
];

/** Methods beyond those of HTML. */
const METHODS = ["PUT", "PATCH", "DELETE", "PROPFIND", "REPORT", "MKCOL", "LOCK", "QUERY", "BREW"];

/** What becomes of methods. */
export const METHOD_ROWS: Behaviour[] = [
  {
    what: `methods ${METHODS.join(", ")}, with a body`,
    rule: "RFC 9110 9.1: methods are for the app to know",
    right: ["as sent"],
    async measure(trial) {
      for (const method of METHODS) {
        const both = await exchange(
          trial,
          head(trial, `${method} /m`, "Content-Length: 4") + "body",
        );
        both.visitor.close();
        const seen = ofBoth(both, ({ first, body }) => `${first} ${body}`);
        if (seen !== `${method} /m HTTP/1.1 body`) return `${method}: ${seen.slice(0, 20)}`;
      }
      return "as sent";
    },
  },
  {
    what: "TRACE",
    rule: "RFC 9110 9.3.8: for the app, or refused; never answered in its name",
    right: ["passed on", "405", "501"],
    measure: async (trial) => {
      const both = await exchange(trial, head(trial, "TRACE /t"));
      return ofBoth(both, ({ first }) => first === "TRACE /t HTTP/1.1" ? "passed on" : first);
    },
  },
  {
    what: "CONNECT",
    rule: "RFC 9110 9.3.6: whoever is no tunnel refuses it, and serves the next visitor",
    right: ["refused"],
    direct: false,
    measure: (trial) =>
      refused(trial, `CONNECT ${trial.host} HTTP/1.1\r\nHost: ${trial.host}\r\n\r\n`),
  },
  {
    what: "the preface of HTTP/2 where HTTP/1.1 was agreed",
    rule: "RFC 9113 3.4: PRI is no method of HTTP/1.1; the next visitor is served",
    right: ["refused"],
    direct: false,
    measure: (trial) => refused(trial, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  },
];

/** What is not to reach the app; the next visitor has to be served all the same. */
export async function refused(trial: Trial, sent: string): Promise<string> {
  const { request, answer } = await exchange(trial, sent, OK);
  if (request !== undefined) return `passed on: ${request.first.slice(0, 30)}`;
  const next = await exchange(trial, head(trial, "GET /next"));
  if (next.answer?.status !== 200) return "the next visitor is not served";
  if (answer !== undefined && answer.status < 400) return String(answer.status);
  return "refused";
}
