import { answerHead, type Behaviour, exchange, head, ofBoth, type Trial } from "../behaviour.ts";
import { type Message, valueOf, valuesOf } from "../message.ts";

/** What the app sees of the fields of a request. */
async function seen(
  trial: Trial,
  fields: string[],
  verdict: (request: Message) => string,
): Promise<string> {
  return ofBoth(await exchange(trial, head(trial, "GET /f", ...fields)), verdict);
}

/** Why names with an underscore go no further. */
const UNDERSCORE = "RFC 3875 4.1.18: CGI and WSGI apps take it for X-Forwarded-For";

/** A field that has to arrive as it was sent. */
function passed(
  what: string,
  rule: string,
  name: string,
  value: string,
  limit?: string,
): Behaviour {
  return {
    what,
    rule,
    right: ["as sent"],
    ...(limit !== undefined && { allowed: [limit] }),
    measure: (trial) =>
      seen(trial, [`${name}: ${value}`], (request) => {
        const values = valuesOf(request, name);
        if (values.length === 0) return "dropped";
        return values.length === 1 && values[0] === value ? "as sent" : "altered";
      }),
  };
}

const SPOOFED = [
  "X-Forwarded-For: 198.51.100.9",
  "X-Forwarded-Proto: gopher",
  "X-Forwarded-Host: evil.example",
  "X-Real-IP: 198.51.100.9",
  "Forwarded: for=198.51.100.9;host=evil.example",
];

/** What becomes of the fields of a request. */
export const FIELD_ROWS: Behaviour[] = [
  passed(
    "a field of 20,000 bytes",
    "RFC 9110 5.4: no limit of its own",
    "X-Long",
    "a".repeat(20_000),
    "400",
  ),
  passed(
    "cookies of 17,000 bytes",
    "the same limit in every version",
    "Cookie",
    `s=${"a".repeat(17_000)}`,
    "400",
  ),
  passed(
    "cookies of 64,000 bytes",
    "64 KiB of fields, both versions",
    "Cookie",
    `s=${"a".repeat(64_000)}`,
    "400",
  ),
  {
    ...passed("an underscore in a name", UNDERSCORE, "x_forwarded_for", "198.51.100.9"),
    right: ["dropped"],
    allowed: ["as sent"],
    direct: false,
  },
  passed("UTF-8 in a value", "RFC 9110 5.5: obs-text is passed on", "X-Name", "J\xc3\xb6rg"),
  passed("Latin-1 in a value", "RFC 9110 5.5: obs-text is passed on", "X-Name", "J\xf6rg"),
  passed("a tab within a value", "RFC 9110 5.5: HTAB is allowed", "X-Tab", "a\tb"),
  passed("an empty value", "RFC 9110 5.5: a value may be empty", "X-Empty", ""),
  passed(
    "Accept-Encoding",
    "what the app compresses is for the visitor",
    "Accept-Encoding",
    "br;q=1, gzip",
  ),
  passed("Authorization", "the app asks for it", "Authorization", "Basic a2F5bGVlOng="),
  {
    what: "300 fields",
    rule: "RFC 9110 5.4: all are passed on",
    right: ["300"],
    measure: (trial) =>
      seen(
        trial,
        Array.from({ length: 300 }, (_, i) => `X-F${i}: ${i}`),
        ({ fields }) => String(fields.filter(([name]) => /^x-f\d+$/i.test(name)).length),
      ),
  },
  {
    what: "a field sent three times",
    rule: "RFC 9110 5.3: in their order, or as one list",
    right: ["a, b, c"],
    measure: (trial) =>
      seen(trial, ["X-L: a", "X-L: b", "X-L: c"], (request) => valuesOf(request, "x-l").join(", ")),
  },
  {
    what: "Host",
    rule: "the app sees the host that the visitor names, as its links need it",
    right: ["the visitor's"],
    measure: (trial) =>
      seen(trial, [], (request) => {
        const host = valueOf(request, "host");
        return host === trial.host ? "the visitor's" : "the app's own";
      }),
  },
  {
    what: "Origin beside Host",
    rule: "Fetch 3.1: checks against forgery compare the two",
    right: ["the same host"],
    measure: (trial) => same(trial, "Origin", ""),
  },
  {
    what: "Destination of a WebDAV MOVE beside Host",
    rule: "RFC 4918 10.3: the app refuses another host (502)",
    right: ["the same host"],
    measure: (trial) => same(trial, "Destination", "/b.txt"),
  },
  {
    what: "forwarding fields that a visitor makes up",
    rule: "RFC 7239 8.1: the app sees the true address alone, and https",
    right: ["true"],
    allowed: ["true, behind the visitor's"],
    direct: false,
    measure: (trial) =>
      seen(trial, SPOOFED, (request) => {
        const address = valuesOf(request, "x-forwarded-for").join(", ");
        if (valueOf(request, "x-forwarded-proto") !== "https") return "the visitor's scheme";
        if (valueOf(request, "x-forwarded-host") !== trial.host) return "the visitor's host";
        if (valuesOf(request, "forwarded").some((v) => v.includes("evil"))) return "Forwarded kept";
        if (valuesOf(request, "x-real-ip").some((v) => v.startsWith("198"))) {
          return "X-Real-IP kept";
        }
        if (/^(127\.0\.0\.1)?$/.test(address)) return "true";
        return /, 127\.0\.0\.1$/.test(address) ? "true, behind the visitor's" : "the visitor's";
      }),
  },
  {
    what: "Location on the visitor's host",
    rule: "RFC 9110 10.2.2: a redirect leads to the site, not into the computer",
    right: ["as said"],
    measure: async (trial) => {
      const { answer } = await exchange(trial, head(trial, "GET /docs"), async (wire, request) => {
        const place = `http://${valueOf(request, "host")}/docs/`;
        await wire.send(answerHead("301 Moved", `Location: ${place}`, "Content-Length: 0"));
      });
      const location = answer === undefined ? undefined : valueOf(answer, "location");
      return location?.replace(/^https?:/, "") === `//${trial.host}/docs/`
        ? "as said"
        : "elsewhere";
    },
  },
  {
    what: "a cookie for the visitor's host",
    rule: "RFC 6265 5.3: the domain has to fit the host",
    right: ["fits"],
    measure: async (trial) => {
      const { answer } = await exchange(trial, head(trial, "GET /c"), async (wire, request) => {
        const domain = valueOf(request, "host")!.replace(/:\d+$/, "");
        await wire.send(
          answerHead("200 OK", `Set-Cookie: s=1; Domain=${domain}`, "Content-Length: 0"),
        );
      });
      const fits = answer !== undefined &&
        valueOf(answer, "set-cookie") === `s=1; Domain=${trial.host.replace(/:\d+$/, "")}`;
      return fits ? "fits" : "does not fit";
    },
  },
];

/** Whether a field that names the visitor's host agrees with the Host that the app sees. */
async function same(trial: Trial, name: string, path: string): Promise<string> {
  const value = `https://${trial.host}${path}`;
  return await seen(trial, [`${name}: ${value}`], (request) => {
    const host = valueOf(request, name)?.replace(/^https?:\/\//, "").replace(/\/.*/, "");
    return host === valueOf(request, "host") ? "the same host" : "another host";
  });
}
