import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { type OperatorTrace, readTrace } from "./acts.ts";
import type { LimitsView, UserDesk } from "./users.ts";

/** What the operator's commands ask for and do about users, below `/v1`; errors are the caller's. */
export function userCommandsApp(
  { users, isUsername }: { users: UserDesk; isUsername: (text: string) => boolean },
): Hono {
  const app = new Hono();
  app.get("/acts", async (c) => c.json(await users.acts()));
  app.get("/users", async (c) => c.json(await users.list()));
  app.get("/users/:name", async (c) => {
    const user = await users.show(nameOf(c), { dns: c.req.query("dns") === "true" });
    if (user === undefined) throw new HTTPException(404, { message: "no such user" });
    return c.json(user);
  });
  app.get("/users/:name/acts", async (c) => c.json(await users.acts(nameOf(c))));
  app.post("/users/:name/block", async (c) => {
    await users.block(nameOf(c), traceIn(await bodyOf(c)));
    return c.json({ changed: true });
  });
  app.post("/users/:name/unblock", async (c) => {
    return c.json({ changed: await users.unblock(nameOf(c), traceIn(await bodyOf(c))) });
  });
  app.post("/users/:name/release", async (c) => {
    const now = c.req.query("now") === "true";
    return c.json({ changed: await users.release(nameOf(c), traceIn(await bodyOf(c)), { now }) });
  });
  app.post("/users/:name/end-rest", async (c) => {
    return c.json({ changed: await users.endRest(nameOf(c), traceIn(await bodyOf(c))) });
  });

  app.post("/users/:name/limit", async (c) => {
    const body = await bodyOf(c);
    const limits = await users.limit(nameOf(c), limitsIn(body), traceIn(body));
    if (limits === undefined) throw new HTTPException(404, { message: "no such user" });
    return c.json(limits);
  });

  function nameOf(c: Context): string {
    const name = c.req.param("name") ?? "";
    if (isUsername(name)) return name;
    throw new HTTPException(400, { message: "not a username" });
  }

  return app;
}

async function bodyOf(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    throw new HTTPException(400, { message: "the body is no JSON" });
  }
}

function limitsIn(body: unknown): Partial<LimitsView> {
  const limits = (body as { limits?: unknown } | null)?.limits ?? {};
  const isLimit = (value: unknown): boolean =>
    value === null || Number.isSafeInteger(value) && Number(value) >= 0;
  const known = ["connections", "bytesPerDay"];
  const given = Object.entries(limits);
  if (
    typeof limits === "object" &&
    given.every(([name, value]) => known.includes(name) && isLimit(value))
  ) return limits;
  throw new HTTPException(400, { message: `limits are ${known.join(" and ")}` });
}

function traceIn(body: unknown): OperatorTrace {
  try {
    return readTrace(body);
  } catch (error) {
    throw new HTTPException(400, { message: (error as Error).message });
  }
}
