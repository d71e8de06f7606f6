import assert from "node:assert/strict";
import { type ProblemCode, problemOf } from "../../lib/wire/problems.ts";
import { assertListed } from "./listed.ts";

function json(status: number, body: unknown, type = "application/json") {
  return { status, headers: new Headers({ "Content-Type": type }), body };
}

function problem(code: ProblemCode, status?: number) {
  const body = problemOf(code, "Do this.");
  return json(status ?? body.status, body, "application/problem+json");
}

const VERIFIED = { username: "kaylee", hostname: "kaylee.test", token: "secret" };
const VERIFY = "/v1/claims/abc/verify";

Deno.test("assertListed() takes what the entry of a route lists", () => {
  assertListed("POST", VERIFY, json(200, VERIFIED));
  assertListed("POST", VERIFY, problem("code-not-found"));
  assertListed("GET", "/v1/account?x=1", problem("unauthorized"));
  assertListed("DELETE", "/v1/account", { status: 204, headers: new Headers(), body: {} });
  assertListed("PUT", "/v1/account", problem("method-not-allowed"));
  assertListed("GET", "/v1/accounts", problem("not-found"));
  assertListed("GET", "/v1/relay", problem("misdirected"));
});

Deno.test("assertListed() fails at any other status, body or problem", () => {
  const cases: [method: string, path: string, answer: ReturnType<typeof json>][] = [
    ["POST", VERIFY, json(201, VERIFIED)],
    ["POST", VERIFY, json(200, { ...VERIFIED, token: undefined })],
    ["POST", VERIFY, json(200, VERIFIED, "text/plain")],
    ["DELETE", "/v1/account", json(204, { more: 1 })],
    ["POST", VERIFY, problem("invalid-username")],
    ["POST", VERIFY, problem("internal")],
    ["POST", VERIFY, problem("code-not-found", 404)],
    ["GET", "/v1/account", problem("not-found")],
    ["GET", "/v1/account", problem("method-not-allowed")],
    ["GET", "/v1/accounts", json(200, {})],
  ];
  for (const [method, path, answer] of cases) {
    assert.throws(
      () => assertListed(method, path, answer),
      assert.AssertionError,
      `${method} ${path} ${JSON.stringify(answer.body)}`,
    );
  }
});
