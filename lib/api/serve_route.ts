import type { Refusal } from "../wire/problems.ts";
import type { Call } from "./call.ts";
import { HANDLERS, type Services } from "./handlers.ts";
import { Problem } from "./problem.ts";
import { authorised } from "./request.ts";
import { type Route, type RouteName, ROUTES } from "./routes.ts";
import type { AccountView, ApiBindings } from "./services.ts";

/** A handler as all have it in common; which answers whose entry lists, `Handlers` has checked. */
type Handler = (services: Services, call: Call<Route>) => Answer | Promise<Answer>;

type Answer =
  | Response
  | Refusal
  | { status: number; body?: unknown; headers?: Record<string, string> };

/**
 * Answers a request to a route: checks what the entry of the route asks for, then has it handled.
 *
 * @param given the parts of the path that the route names.
 * @throws {Problem} when it cannot be served.
 */
export async function serveRoute(
  name: RouteName,
  services: Services,
  request: Request,
  given: Record<string, string>,
  bindings: ApiBindings,
): Promise<Response> {
  const route: Route = ROUTES[name];
  const caller = (): Promise<AccountView> | undefined =>
    route.caller === "account" ? authorised(request, services) : undefined;
  let account = await caller();
  let body: unknown;
  if (route.body !== undefined) {
    const sent = await services.readBody(request, bindings.source.address);
    // Again: a body can take its time, and the name may have another owner by now. Handlers that change
    // something do so by the token.
    account = await caller();
    body = checked(sent, route.body);
  }
  // Nothing has a NUL in its name, and one store takes it for the end of a text, the other for an error.
  const params = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value.replaceAll("\0", "\ufffd")]),
  );
  const handler = HANDLERS[name] as Handler;
  const answer = await handler(
    services,
    { ...bindings, request, params, body, account } as Call<Route>,
  );
  if (answer instanceof Response) return answer;
  if ("problem" in answer) throw Problem.of(answer);
  if (answer.body === undefined) return new Response(null, answer);
  return Response.json(answer.body, answer);
}

function checked(sent: unknown, { schema, invalid }: NonNullable<Route["body"]>): unknown {
  const { success, data, error } = schema.safeParse(sent);
  if (success) return data;
  const rules = new Set(error.issues.map(({ message }) => message));
  throw new Problem(invalid, [...rules].join(" "));
}
