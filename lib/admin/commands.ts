import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { type OperatorTrace, readTrace } from "./acts.ts";
import type { HandOver } from "./hand_over.ts";
import type { StatusReport } from "./status.ts";
import type { UserDesk } from "./users.ts";

/** A line that a renewal sends: a step that was taken, or in the last one what it came to. */
export type RenewalLine =
  | { step: string; fields: Record<string, unknown> }
  | {
    result: "renewed" | "not due" | "failed" | "busy";
    fields: Record<string, unknown>;
    /** Whether a good certificate is installed. */
    usable: boolean;
  };

/** Renews the relay's certificate; told of each line as it comes, `result` last. Never rejects. */
export type Renew = (force: boolean, tell: (line: RenewalLine) => void) => Promise<void>;

/** Options for {@linkcode commandsApp}. */
export interface CommandsAppOptions {
  status: () => Promise<StatusReport>;
  users: UserDesk;
  renew: Renew;
  handOver: HandOver;
  /** Usernames of those whom visitors wait for, for a relay whose place this one has. */
  waitedFor: () => string[];
  /** A copy of all that the relay keeps. */
  backup: () => Promise<ReadableStream<Uint8Array>>;
  isUsername: (text: string) => boolean;
}

/** What the operator's commands ask for, over the socket that only they can reach. */
export function commandsApp(options: CommandsAppOptions): Hono {
  const { users, renew, handOver, isUsername } = options;
  const app = new Hono();
  app.get("/v1/status", async (c) => c.json(await options.status()));
  app.get("/v1/users", async (c) => c.json(await users.list()));
  app.get("/v1/users/:name", async (c) => {
    const user = await users.show(nameOf(c.req.param("name")), {
      dns: c.req.query("dns") === "true",
    });
    if (user === undefined) throw new HTTPException(404, { message: "no such user" });
    return c.json(user);
  });
  app.post("/v1/users/:name/block", async (c) => {
    await users.block(nameOf(c.req.param("name")), await traceOf(c));
    return c.json({ changed: true });
  });
  app.post("/v1/users/:name/unblock", async (c) => {
    return c.json({ changed: await users.unblock(nameOf(c.req.param("name")), await traceOf(c)) });
  });
  app.post("/v1/users/:name/release", async (c) => {
    const now = c.req.query("now") === "true";
    const name = nameOf(c.req.param("name"));
    return c.json({ changed: await users.release(name, await traceOf(c), { now }) });
  });
  app.post("/v1/users/:name/end-rest", async (c) => {
    return c.json({ changed: await users.endRest(nameOf(c.req.param("name")), await traceOf(c)) });
  });
  app.get("/v1/acts", async (c) => c.json(await users.acts()));
  app.get("/v1/users/:name/acts", async (c) => {
    return c.json(await users.acts(nameOf(c.req.param("name"))));
  });
  app.post("/v1/certificate/renew", (c) => c.body(renewal(c.req.query("force") === "true")));
  app.get("/v1/backup", async (c) => c.body(await options.backup()));
  app.get("/v1/hand-over", async (c) => c.json(await handOver.look()));
  app.get("/v1/hand-over/waited-for", (c) => c.json(options.waitedFor()));
  app.post("/v1/hand-over/visitors", async (c) => c.json(await handOver.leaveVisitors()));
  app.post("/v1/hand-over/resume", async (c) => {
    await handOver.resume();
    return c.json({});
  });
  app.post("/v1/hand-over/clients", async (c) => {
    await handOver.leaveClients();
    return c.json({});
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    return c.json({ error: `bug: ${error.message}` }, 500);
  });

  function nameOf(text: string): string {
    if (isUsername(text)) return text;
    throw new HTTPException(400, { message: "not a username" });
  }

  async function traceOf(c: Context): Promise<OperatorTrace> {
    try {
      return readTrace(await c.req.json());
    } catch (error) {
      throw new HTTPException(400, { message: (error as Error).message });
    }
  }

  /** One JSON object a line. Who asked may have gone by the end: the order goes on all the same. */
  function renewal(force: boolean): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let gone = false;
    return new ReadableStream({
      async start(controller) {
        await renew(force, (line) => {
          if (!gone) controller.enqueue(encoder.encode(`${JSON.stringify(line, plain)}\n`));
        });
        if (!gone) controller.close();
      },
      cancel() {
        gone = true;
      },
    });
  }

  return app;
}

/** Errors among the fields as their message. */
function plain(_: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}
