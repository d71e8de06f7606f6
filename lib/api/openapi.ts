import { z } from "zod";
import { type ProblemCode, problemStatus } from "./problem.ts";
import * as schema from "./schemas.ts";

/** One operation of the API: all that its documentation needs. */
interface Operation {
  method: "get" | "post" | "patch" | "delete";
  path: string;
  summary: string;
  bearer?: boolean;
  body?: z.ZodType;
  /** Status and body of the good answer; no body for 101 and 204. */
  status: number;
  answer?: z.ZodType;
  /** Header fields of the good answer, maybe not in each. */
  headers?: readonly HeaderName[];
  problems: ProblemCode[];
}

/** Header fields that tell what to do next. */
const HEADERS = {
  "Retry-After": {
    description: "Seconds after which to ask again",
    schema: { type: "integer", minimum: 1 },
  },
  "Location": { description: "Where to ask for it", schema: { type: "string" } },
  "WWW-Authenticate": { description: "Bearer", schema: { type: "string" } },
  "Upgrade": { description: "websocket", schema: { type: "string" } },
};

type HeaderName = keyof typeof HEADERS;

/** Header fields that come with problems of a status. */
const PROBLEM_HEADERS: Record<number, readonly HeaderName[]> = {
  401: ["WWW-Authenticate"],
  426: ["Upgrade"],
  429: ["Retry-After"],
  503: ["Retry-After"],
};

const OPERATIONS: Operation[] = [
  {
    method: "get",
    path: "/v1/relay",
    summary: "What this relay is and where its parts are",
    status: 200,
    answer: schema.relayInfo,
    problems: [],
  },
  {
    method: "get",
    path: "/v1/openapi.json",
    summary: "This document",
    status: 200,
    answer: z.looseObject({}),
    problems: [],
  },
  {
    method: "post",
    path: "/v1/claims",
    summary: "Claim a username; answers the code to put into the profile's bio",
    body: schema.claimRequest,
    status: 201,
    answer: schema.claimAnswer,
    problems: ["invalid-username", "reserved-username", "suspended", "rate-limited"],
  },
  {
    method: "post",
    path: "/v1/claims/{claim}/verify",
    summary: "Look for the code in the bio; answers the account's token",
    status: 200,
    answer: schema.verifyAnswer,
    problems: [
      "claim-not-found",
      "claim-expired",
      "code-not-found",
      "profile-not-found",
      "profile-unavailable",
      "suspended",
      "rate-limited",
    ],
  },
  {
    method: "get",
    path: "/v1/account",
    summary: "The account that the token belongs to",
    bearer: true,
    status: 200,
    answer: schema.accountAnswer,
    problems: [],
  },
  {
    method: "patch",
    path: "/v1/account",
    summary: "Set what visitors are shown while the user is away; what is left out stays",
    bearer: true,
    body: schema.preferencesChange,
    status: 200,
    answer: schema.accountAnswer,
    problems: ["invalid-preference"],
  },
  {
    method: "delete",
    path: "/v1/account",
    summary: "Release the name, close the session, void the token",
    bearer: true,
    status: 204,
    problems: [],
  },
  {
    method: "post",
    path: "/v1/certificates",
    summary: "Ask for a certificate for the account's host name",
    bearer: true,
    body: schema.certificateRequest,
    status: 202,
    answer: schema.certificatePending,
    headers: ["Location", "Retry-After"],
    problems: ["bad-csr", "rate-limited"],
  },
  {
    method: "get",
    path: "/v1/certificates/{id}",
    summary: "How a certificate request stands",
    bearer: true,
    status: 200,
    answer: schema.certificateAnswer,
    headers: ["Retry-After"],
    problems: ["certificate-not-found"],
  },
  {
    method: "get",
    path: "/v1/control",
    summary: "The control WebSocket, subprotocol glosson.v1",
    bearer: true,
    status: 101,
    problems: ["upgrade-required", "busy"],
  },
  {
    method: "get",
    path: "/v1/data",
    summary: "A data connection over WebSocket, subprotocol glosson-data.v1; its ticket is the key",
    status: 101,
    problems: ["upgrade-required"],
  },
];

const PROBLEM_CONTENT = {
  "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
};

/** The OpenAPI 3.1 document of the API. */
export function openApiDocument(software: string, controlUrl: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Glosson relay", version: "1", description: `Served by ${software}` },
    servers: [{ url: controlUrl }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Problem: jsonSchema(schema.problemDetails) },
      headers: HEADERS,
    },
  };
}

function describe(operation: Operation): Record<string, unknown> {
  const { summary, bearer, body, status, answer, path } = operation;
  const problems = new Set<ProblemCode>([
    ...(bearer ? ["unauthorized", "suspended"] as const : []),
    ...(body ? ["bad-request", "too-large", "too-slow", "busy"] as const : []),
    ...operation.problems,
    "rate-limited",
  ]);
  const responses: Record<string, unknown> = {
    [status]: {
      description: status === 101 ? "Switching protocols" : "As asked",
      ...headersOf(operation.headers),
      ...(answer && { content: { "application/json": { schema: jsonSchema(answer) } } }),
    },
  };
  for (const [code, codes] of Object.entries(Object.groupBy(problems, problemStatus))) {
    responses[code] = {
      description: codes!.map((c) => `urn:glosson:problem:${c}`).join(", "),
      ...headersOf(PROBLEM_HEADERS[Number(code)]),
      content: PROBLEM_CONTENT,
    };
  }
  responses.default = {
    description: "Another problem: a bug, or a request that is for another host",
    content: PROBLEM_CONTENT,
  };
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    summary,
    ...(bearer && { security: [{ token: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: jsonSchema(body) } },
      },
    }),
    responses,
  };
}

function headersOf(names: readonly HeaderName[] = []): { headers?: Record<string, unknown> } {
  if (names.length === 0) return {};
  return {
    headers: Object.fromEntries(
      names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    ),
  };
}

function jsonSchema(type: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(type);
  return rest;
}
