import { z } from "zod";
import type { ProblemDetails } from "../wire/problems.ts";
import { ACCOUNT_URL_PATTERN, AUTHORITY_PATTERN } from "../wire/caa_words.ts";
import { USERNAME_PATTERN, USERNAME_RULE } from "../wire/username.ts";

/*
 * The bodies of the API, once: requests are checked by these, answers typed by them, and the OpenAPI
 * document generated from them. What a member of a request has to be, `error` tells people.
 */

/** A problem as it is sent, {@linkcode ProblemDetails}. */
export const problemDetails = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
}) satisfies z.ZodType<ProblemDetails>;

const port = z.int().min(1).max(65535);
const time = z.iso.datetime().describe("RFC 3339, UTC");
const username = z.string({ error: USERNAME_RULE }).describe("Lower-case DNS label").meta({
  pattern: USERNAME_PATTERN,
});
const hostname = z.string().describe("Where visitors reach the user");
const token = z.string().describe("Bearer secret; shown once");

/** Answer of `GET /v1/relay`. */
export const relayInfo = z.object({
  software: z.string(),
  protocol: z.literal(1),
  baseDomain: z.string(),
  controlUrl: z.url().describe("Where this API is: https://relay.BASE, with its port if not 443"),
  publicPort: port.describe("Port at which visitors reach users' pages"),
  dataHost: z.string(),
  dataPort: port,
  keyFingerprints: z.array(z.string()).describe(
    "SHA-256 (base64) of the public keys of the relay's own certificates, for BASE and *.BASE, that are good still",
  ),
  features: z.array(z.string()).describe("Optional parts of the protocol that this relay has"),
});

/** Body of `POST /v1/claims`. */
export const claimRequest = z.object({ username });

/** Answer of `POST /v1/claims`. */
export const claimAnswer = z.object({
  claim: z.string().describe("Bearer secret that verifies; keep it"),
  username,
  hostname,
  code: z.string().describe("To be put into the bio of the user's profile"),
  expiresAt: time,
});

/** Answer of `POST /v1/claims/{claim}/verify`. */
export const verifyAnswer = z.object({ username, hostname, token });

/** Longest away text, characters: Unicode code points, as JSON Schema counts them. */
const MAX_AWAY_LENGTH = 280;

const AWAY_RULE = {
  error: `away is a text of at most ${MAX_AWAY_LENGTH} characters, or null.`,
};

/** What visitors of a user who is away are shown. */
const preferences = z.object({
  offlinePage: z.enum(["full", "plain", "none"], {
    error: 'offlinePage is "full", "plain" or "none".',
  }).describe("plain: no last-seen, no away text; none: an alert instead of any page"),
  lastSeen: z.boolean({ error: "lastSeen is true or false." })
    .describe("Whether the page tells when the user was last online"),
  away: z.string(AWAY_RULE).refine((text) => [...text].length <= MAX_AWAY_LENGTH, AWAY_RULE)
    .meta({ maxLength: MAX_AWAY_LENGTH }).nullable().describe("The user's words to visitors"),
});

/** Body of `PATCH /v1/account`. */
export const preferencesChange = preferences.partial();

/** Answer of `GET /v1/account`. */
export const accountAnswer = z.object({
  username,
  hostname,
  online: z.boolean(),
  certificate: z.object({ notAfter: time }).nullable(),
  lastOnlineAt: time.nullable(),
  ...preferences.shape,
  domains: z.array(z.string()).describe("Domains of the user's own that lead to them"),
});

/** Answer of `PUT /v1/domains/{domain}`. */
export const domainAnswer = z.object({
  domain: z.string().describe("As it is compared: lower case, A-labels"),
  verifiedAt: time,
});

const CAA_RULE = {
  error:
    'account is "relay", null, or the https:// URL of your ACME account, with the authority\'s ' +
    "name in CAA records, such as letsencrypt.org, as authority.",
};

/** Body of `PUT /v1/caa`. */
export const caaChange = z.union([
  z.object({ account: z.literal("relay").nullable() }),
  z.object({
    account: z.string(CAA_RULE).regex(new RegExp(ACCOUNT_URL_PATTERN), CAA_RULE)
      .describe("URL of an ACME account of the user's own (RFC 8657)"),
    authority: z.string(CAA_RULE).regex(new RegExp(AUTHORITY_PATTERN), CAA_RULE)
      .describe("The authority's name in CAA records (RFC 8659)"),
  }),
], CAA_RULE).describe(
  "Who alone may order certificates for the user's names; null: whoever the base domain lets",
);

/** Answer of `GET /v1/caa`. */
export const caaAnswer = z.object({
  account: z.string().nullable(),
  authority: z.string().nullable(),
  records: z.array(z.string()).describe(
    "The CAA records at the user's name, as zone files have them",
  ),
  written: z.boolean().describe("Whether the DNS has these records, and no others of the relay's"),
  detail: z.string().nullable().describe("Why it has not, for a person"),
});

/** Body of `POST /v1/certificates`. */
export const certificateRequest = z.object({
  csr: z.string({ error: 'Send {"csr": "-----BEGIN CERTIFICATE REQUEST-----…"} in PEM.' })
    .describe("PKCS #10, PEM"),
});

/** Answer while a certificate is being made. */
export const certificatePending = z.object({
  id: z.string(),
  status: z.literal("pending"),
  position: z.int().min(1).optional().describe("Place in the queue, from 1"),
  expectedAt: time.optional().describe("When it is likely to be ready"),
});

/** Answer of `GET /v1/certificates/{id}`. */
export const certificateAnswer = z.discriminatedUnion("status", [
  certificatePending,
  z.object({
    id: z.string(),
    status: z.literal("ready"),
    certificate: z.string().describe("PEM chain, leaf first"),
    notAfter: time,
    renewAfter: time,
  }),
  z.object({ id: z.string(), status: z.literal("failed"), problem: problemDetails }),
]);
