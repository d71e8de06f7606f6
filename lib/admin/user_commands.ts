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
    await users.block(nameOf(c), await traceOf(c));
    return c.json({ changed: true });
  });
  app.post("/users/:name/unblock", async (c) => {
    return c.json({ changed: await users.unblock(nameOf(c), await traceOf(c)) });
  });
  app.post("/users/:name/release", async (c) => {
    const now = c.req.query("now") === "true";
    return c.json({ changed: await users.release(nameOf(c), await traceOf(c), { now }) });
  });
  app.post("/users/:name/end-rest", async (c) => {
    return c.json({ changed: await users.endRest(nameOf(c), await traceOf(c)) });
  });

  app.post("/users/:name/limit", async (c) => {
    const limits = await users.limit(nameOf(c), await limitsOf(c), await traceOf(c));
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

async function limitsOf(c: Context): Promise<Partial<LimitsView>> {
  const { limits } = await c.req.json();
  const isLimit = (value: unknown): boolean =>
    value === null || Number.isSafeInteger(value) && Number(value) >= 0;
  const known = ["connections", "bytesPerDay"];
  const given = Object.entries(limits ?? {});
  if (given.every(([name, value]) => known.includes(name) && isLimit(value))) return limits;
  throw new HTTPException(400, { message: `limits are ${known.join(" and ")}` });
}

async function traceOf(c: Context): Promise<OperatorTrace> {
  try {
    return readTrace(await c.req.json());
  } catch (error) {
    throw new HTTPException(400, { message: (error as Error).message });
  }
}
