import { z } from "zod";
import { PROBLEM_TYPE, PROBLEMS } from "../wire/problems.ts";
import { type HeaderName, HEADERS, PROBLEM_HEADERS } from "./headers.ts";
import { problemsOf, type Route, ROUTES } from "./routes.ts";
import { problemDetails } from "./schemas.ts";

const PROBLEM_CONTENT = {
  "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
};

/** The OpenAPI 3.1 document of the API. */
export function openApiDocument(software: string, controlUrl: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of Object.values(ROUTES)) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Glosson relay", version: "1", description: `Served by ${software}` },
    servers: [{ url: controlUrl }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Problem: jsonSchema(problemDetails) },
      headers: HEADERS,
    },
  };
}

function operationOf(route: Route): Record<string, unknown> {
  const { summary, caller, path, body } = route;
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    summary,
    ...(caller === "account" && { security: [{ token: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, ...jsonContent(body.schema) } }),
    responses: { ...goodAnswers(route), ...problemAnswers(route) },
  };
}

function goodAnswers({ answers }: Route): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { body, headers }]) => [status, {
      description: status === "101" ? "Switching protocols" : "As asked",
      ...headersOf(headers),
      ...(body && jsonContent(body)),
    }]),
  );
}

function problemAnswers(route: Route): Record<string, unknown> {
  const byStatus = Map.groupBy(problemsOf(route), (code) => PROBLEMS[code].status);
  return {
    ...Object.fromEntries(
      [...byStatus].map(([status, codes]) => [status, {
        description: codes.map((code) => PROBLEM_TYPE + code).join(", "),
        ...headersOf(PROBLEM_HEADERS[status]),
        content: PROBLEM_CONTENT,
      }]),
    ),
    default: {
      description: "Another problem: a bug, or a request that is for another host",
      content: PROBLEM_CONTENT,
    },
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

function jsonContent(type: z.ZodType): { content: Record<string, unknown> } {
  return { content: { "application/json": { schema: jsonSchema(type) } } };
}

/** A schema for who reads: members that it does not name are ignored, in answers as well as in requests. */
function jsonSchema(type: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(type, { io: "input" });
  return rest;
}
