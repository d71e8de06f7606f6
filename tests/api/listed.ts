import assert from "node:assert/strict";
import { problemsOf, type Route, ROUTES } from "../../lib/api/routes.ts";
import { problemDetails } from "../../lib/api/schemas.ts";
import { problemOf } from "../../lib/wire/problems.ts";

/** Fails where the API's answer to a request is none that the entry of its route lists. */
export function assertListed(
  method: string,
  path: string,
  { status, headers, body }: { status: number; headers: Headers; body: unknown },
): void {
  const where = `${method} ${path}: ${status} ${JSON.stringify(body)}`;
  const routes = Object.values(ROUTES).filter((r: Route) => isPath(r, path.split("?")[0]!));
  const route: Route | undefined = routes.find((r) => r.method === method);
  if (headers.get("Content-Type") === "application/problem+json") {
    const told = problemDetails.parse(body);
    const listed = route
      ? [...problemsOf(route)]
      : [routes.length > 0 ? "method-not-allowed" as const : "not-found" as const];
    // For another host: the answer of whoever took the connection, before the API.
    const problem = [...listed, "misdirected" as const]
      .map((code) => problemOf(code, told.detail))
      .find(({ type }) => type === told.type);
    assert.ok(problem, `${where} is not listed`);
    assert.deepEqual({ ...told, status }, problem, where);
    return;
  }
  const good = route?.answers[status];
  assert.ok(good, `${where} is not listed`);
  if (good.body === undefined) return assert.deepEqual(body, {}, where);
  assert.equal(headers.get("Content-Type"), "application/json", where);
  const { error } = good.body.safeParse(body);
  assert.equal(error, undefined, `${where} is not as listed: ${error}`);
}

function isPath(route: Route, path: string): boolean {
  return new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
}
