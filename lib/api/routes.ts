import { z } from "zod";
import { DATA_SUBPROTOCOL, SUBPROTOCOL } from "../wire/messages.ts";
import type { ProblemCode } from "../wire/problems.ts";
import type { HeaderName } from "./headers.ts";
import * as schema from "./schemas.ts";

/** A request that the API answers: handlers, checks and the OpenAPI document are made from it. */
export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** What varies stands in braces. */
  path: `/v1/${string}`;
  summary: string;
  /** Who may ask: anybody, or who has the token of an account that is not suspended. */
  caller: "anybody" | "account";
  /** What is sent, and the problem of what is not so: `detail` is what the schema says of it. */
  body?: { schema: z.ZodType; invalid: ProblemCode };
  /** Good answers by status. */
  answers: { readonly [status: number]: GoodAnswer };
  /** Problems that its handler may answer; {@linkcode problemsOf} has those of each such request too. */
  problems: readonly ProblemCode[];
}

/** A good answer. */
export interface GoodAnswer {
  /** Absent where there is no body, as with 101 and 204. */
  body?: z.ZodType;
  /** Header fields that tell what to do next, maybe not in each. */
  headers?: readonly HeaderName[];
}

/** Every route by its name. */
export const ROUTES = {
  relay: {
    method: "GET",
    path: "/v1/relay",
    summary: "What this relay is and where its parts are",
    caller: "anybody",
    answers: { 200: { body: schema.relayInfo } },
    problems: [],
  },
  openApi: {
    method: "GET",
    path: "/v1/openapi.json",
    summary: "This document",
    caller: "anybody",
    answers: { 200: { body: z.looseObject({}) } },
    problems: [],
  },
  claim: {
    method: "POST",
    path: "/v1/claims",
    summary: "Claim a username; answers the code to put into the profile's bio",
    caller: "anybody",
    body: { schema: schema.claimRequest, invalid: "invalid-username" },
    answers: { 201: { body: schema.claimAnswer } },
    problems: ["reserved-username", "suspended", "rate-limited"],
  },
  verify: {
    method: "POST",
    path: "/v1/claims/{claim}/verify",
    summary: "Look for the code in the bio; answers the account's token",
    caller: "anybody",
    answers: { 200: { body: schema.verifyAnswer } },
    problems: [
      "claim-not-found",
      "claim-expired",
      "code-not-found",
      "profile-not-found",
      "profile-unavailable",
      "reserved-username",
      "suspended",
      "rate-limited",
      // The database may be away.
      "busy",
    ],
  },
  account: {
    method: "GET",
    path: "/v1/account",
    summary: "The account that the token belongs to",
    caller: "account",
    answers: { 200: { body: schema.accountAnswer } },
    problems: [],
  },
  setPreferences: {
    method: "PATCH",
    path: "/v1/account",
    summary: "Set what visitors are shown while the user is away; what is left out stays",
    caller: "account",
    body: { schema: schema.preferencesChange, invalid: "invalid-preference" },
    answers: { 200: { body: schema.accountAnswer } },
    problems: [],
  },
  release: {
    method: "DELETE",
    path: "/v1/account",
    summary: "Release the name, close the session, void the token",
    caller: "account",
    answers: { 204: {} },
    problems: [],
  },
  putDomain: {
    method: "PUT",
    path: "/v1/domains/{domain}",
    summary: "Have a domain of the user's own lead to them, once its DNS says so",
    caller: "account",
    answers: { 200: { body: schema.domainAnswer } },
    // The token is looked at once more when the domain was.
    problems: ["bad-request", "domain-not-pointed", "domain-taken", "unauthorized", "rate-limited"],
  },
  removeDomain: {
    method: "DELETE",
    path: "/v1/domains/{domain}",
    summary: "Have a domain lead to the user no more; good too where it did not",
    caller: "account",
    answers: { 204: {} },
    problems: ["unauthorized"],
  },
  caa: {
    method: "GET",
    path: "/v1/caa",
    summary:
      "Who alone may order certificates for the user's names, and how that stands in the DNS",
    caller: "account",
    answers: { 200: { body: schema.caaAnswer } },
    problems: ["not-found"],
  },
  setCaa: {
    method: "PUT",
    path: "/v1/caa",
    summary: "Have nobody else order certificates for the user's names, by CAA records",
    caller: "account",
    body: { schema: schema.caaChange, invalid: "invalid-preference" },
    answers: { 200: { body: schema.caaAnswer } },
    problems: ["not-found", "unauthorized", "rate-limited"],
  },
  requestCertificate: {
    method: "POST",
    path: "/v1/certificates",
    summary: "Ask for a certificate for the account's host name",
    caller: "account",
    body: { schema: schema.certificateRequest, invalid: "bad-csr" },
    answers: { 202: { body: schema.certificatePending, headers: ["Location", "Retry-After"] } },
    // The token is looked at once more when the request is queued.
    problems: ["unauthorized", "own-account", "rate-limited"],
  },
  certificate: {
    method: "GET",
    path: "/v1/certificates/{id}",
    summary: "How a certificate request stands",
    caller: "account",
    answers: { 200: { body: schema.certificateAnswer, headers: ["Retry-After"] } },
    problems: ["certificate-not-found"],
  },
  control: {
    method: "GET",
    path: "/v1/control",
    summary: `The control WebSocket, subprotocol ${SUBPROTOCOL}`,
    caller: "account",
    answers: { 101: {} },
    problems: ["upgrade-required", "busy", "rate-limited"],
  },
  data: {
    method: "GET",
    path: "/v1/data",
    summary:
      `A data connection over WebSocket, subprotocol ${DATA_SUBPROTOCOL}; its ticket is the key`,
    caller: "anybody",
    answers: { 101: {} },
    problems: ["upgrade-required"],
  },
} as const satisfies Record<string, Route>;

/** Problems of a body that cannot be read. */
const BODY_PROBLEMS = ["bad-request", "too-large", "too-slow", "unsupported-encoding"] as const;

/** Names of the routes. */
export type RouteName = keyof typeof ROUTES;

/** Problems that the handler of a route may answer. */
export type ProblemIn<R extends Route> =
  | R["problems"][number]
  | (R extends { body: { invalid: infer Code extends ProblemCode } } ? Code : never);

/** The problems that a request to a route may meet, those of every such request included. */
export function problemsOf(route: Route): Set<ProblemCode> {
  const { caller, body, problems } = route;
  return new Set<ProblemCode>([
    // The account is looked for in the database, which may be away.
    ...(caller === "account" ? ["unauthorized", "suspended", "busy"] as const : []),
    ...(body ? [...BODY_PROBLEMS, "busy", body.invalid] as const : []),
    ...problems,
    "rate-limited",
  ]);
}
