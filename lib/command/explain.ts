import type { BioAnswer } from "../account/bio_queue.ts";
import { metricTexts } from "../admin/metrics.ts";
import type { UserView } from "../admin/users.ts";
import { nearest } from "../config/nearest.ts";
import { outcomeTexts } from "../visitor/outcome.ts";
import { CLOSE_TEXTS } from "../wire/closes.ts";
import type { DataPathWord } from "../wire/messages.ts";
import { PROBLEMS } from "../wire/problems.ts";
import { type Command, EXIT } from "./command.ts";
import { usageError } from "./command_line.ts";
import { wrapped } from "./table.ts";

/** A word or number that the relay tells, and what it means. */
export interface Code {
  code: string;
  /** Where it is met. */
  kind: string;
  text: string;
}

/** What is counted for data connections that are refused, as `data-…`. */
const DATA_REFUSALS: Record<string, string> = {
  "data-preface": "what came to the data port was no ticket: no client of this protocol",
  "data-ticket": "the ticket of a data connection was not, or no longer, good",
  "data-timeout": "no ticket came within 5 s",
  "data-full": "a data connection was closed unread, since as many awaited their ticket as may",
};

/** How a user is, as `users` and `status` have it. */
const USER_STATES: Record<UserView["state"] | "unreachable", string> = {
  "online": "the client is connected",
  "offline": "no client is connected",
  "setup": "the account is there, and no client of it was ever connected",
  "blocked": "the operator has blocked the name; visitors get the suspended page",
  "resting": "the name was released, and is nobody else's for NAME_REST_DAYS",
  "unreachable":
    "the client is connected, but says that its way to the data port fails: no visitor can be served",
};

/** What a client says of its way to the data port, as the log and `users show` have it. */
const DATA_PATHS: Record<DataPathWord, string> = {
  "works": "the client reaches the data port",
  "unknown-host": "the client finds no address for PUBLIC_DATA_HOST, or one that it must not dial",
  "refused": "nothing listens where the client looks for the data port, or a firewall refuses it",
  "timeout":
    "nothing answers the client at the data port: a firewall drops what it sends, as a rule",
  "no-route": "the client's network leads nowhere near the data port",
  "closed": "something ends each of the client's connections to the data port at once",
  "foreign":
    "what answers the client is no data port of this relay, but another program's or relay's",
  "lost":
    "the client's connections come about, and what visitors are answered over them gets lost: large packets, as a rule",
  "other": "the client could not use the data port, for a reason that only its own log has",
};

/** What a run of the bio script came to, as `status` and the metrics count it. */
const BIO_RESULTS: Record<BioAnswer["state"], string> = {
  "found": "there is such a profile, and its bio was read",
  "not-found": "there is no such profile",
  "unavailable": "the script failed, took too long or printed nothing; the log has why",
  "busy": "it was not run: as many ask as may, or its turn did not come in time",
};

/** Every code that the relay tells, in the order of the document. */
export function codes(): Code[] {
  return [
    ...outcomeTexts().map(([code, served, text]) => ({
      code,
      kind: served ? "visitor, served" : "visitor, refused",
      // What begins so is a sentence of its own.
      text: /^(the|there) /.test(text) ? text : `the visitor ${text}`,
    })),
    {
      code: "replaced",
      kind: "visitor, joined",
      text: "the connection that a client kept ready was dead, and another took its place",
    },
    ...Object.entries(DATA_REFUSALS).map(([code, text]) => ({ code, kind: "data port", text })),
    ...Object.entries(DATA_PATHS).map(([code, text]) => ({ code, kind: "way of a client", text })),
    ...Object.entries(BIO_RESULTS).map(([code, text]) => ({ code, kind: "bio script", text })),
    ...Object.entries(USER_STATES).map(([code, text]) => ({ code, kind: "user", text })),
    ...Object.entries(PROBLEMS).map(([code, { status, title, when }]) => ({
      code,
      kind: `problem, ${status}`,
      text: `${title}: ${when}`,
    })),
    ...Object.entries(CLOSE_TEXTS).map(([code, text]) => ({ code, kind: "close code", text })),
    ...metricTexts().map(([code, text]) => ({ code, kind: "metric", text })),
  ];
}

/** `glossond explain`. */
export const explain: Command = {
  summary: "tell what a word of status or a problem, a code or a metric means",
  help: `Usage: glossond explain [CODE]

Tells what a word means that status, the metrics or the log count by, a state of
a user, what a client says of its way to the data port, a problem of the API, a
close code of its WebSockets, or a metric; without CODE, all.
Exit: 0 it is known, 1 it is not.

Options:
  --json  for machines
`,
  options: { json: { type: "boolean" } },
  takesWords: true,
  run({ positionals, options, print, printError }) {
    const [code, ...others] = positionals;
    if (others.length > 0) throw usageError("explain takes one code", "explain");
    const all = codes();
    // As a problem's type has it, too.
    const wanted = code?.toLowerCase().replace(/^urn:glosson:problem:/, "");
    // Of data connections the metrics have no more than the reason.
    const found = wanted === undefined
      ? all
      : all.filter(({ code }) => [wanted, `data-${wanted}`].includes(code));
    if (found.length === 0) {
      const like = nearest(wanted!, all.map((one) => one.code));
      printError(`glossond: there is no code ${JSON.stringify(code)}; did you mean ${like}?\n`);
      return Promise.resolve(EXIT.failed);
    }
    print(
      options.json === true
        ? `${JSON.stringify(found, null, 2)}\n`
        : found.map(({ code, kind, text }) => wrapped(text, `${code} (${kind}): `, "  ")).join(""),
    );
    return Promise.resolve(EXIT.ok);
  },
};
