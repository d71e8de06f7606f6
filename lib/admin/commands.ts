import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { OwnPart } from "./hand_over.ts";
import type { MetricValues } from "./instruments.ts";
import type { StatusReport } from "./status.ts";
import { userCommandsApp } from "./user_commands.ts";
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

/** What the operator's bio script did for one username, as it is sent to the command. */
export interface BioTrial {
  script: string;
  result:
    | { state: "found"; bio: string; profileId?: string }
    | { state: "not-found" }
    | { state: "unavailable"; why: string };
  stderr: string;
  tookMs: number;
}

/** Tickets that can be shown at a process's data port. */
export interface GoodTickets {
  dataPort: number;
  tickets: string[];
}

/** Options for {@linkcode commandsApp}. */
export interface CommandsAppOptions {
  status: () => Promise<StatusReport>;
  users: UserDesk;
  renew: Renew;
  handOver: OwnPart;
  /** Which of these tickets can be shown at this process. */
  goodTickets: (tickets: readonly string[]) => GoodTickets;
  /** The process's metrics, for another one of the same relay. */
  ownMetrics: () => Promise<MetricValues[]>;
  /** A copy of all that the relay keeps. */
  backup: () => Promise<ReadableStream<Uint8Array>>;
  /** Runs the bio script as for a claim. */
  bio: (username: string) => Promise<BioTrial>;
  isUsername: (text: string) => boolean;
  /** Whether an error is of something that the relay uses; its message then names the fix. */
  isOutage: (error: Error) => boolean;
}

/** What the operator's commands ask for, over the socket that only they can reach. */
export function commandsApp(options: CommandsAppOptions): Hono {
  const { renew, handOver } = options;
  const app = new Hono();
  // Also while the database is away.
  app.get("/v1/ping", (c) => c.json({}));
  app.get("/v1/status", async (c) => c.json(await options.status()));
  app.route("/v1", userCommandsApp(options));
  app.post("/v1/certificate/renew", (c) => c.body(renewal(c.req.query("force") === "true")));
  app.post("/v1/bio/:name", async (c) => {
    const name = c.req.param("name");
    if (!options.isUsername(name)) throw new HTTPException(400, { message: "not a username" });
    return c.json(await options.bio(name));
  });
  app.post("/v1/tickets", async (c) => {
    const { tickets } = await c.req.json<{ tickets: string[] }>();
    return c.json(options.goodTickets(tickets));
  });
  app.get("/v1/metrics", async (c) => c.json(await options.ownMetrics()));
  app.get("/v1/backup", async (c) => c.body(await options.backup()));
  app.get("/v1/hand-over", async (c) => c.json(await handOver.look()));
  // What builds of before the line ask first, also to look whether somebody is there: going back is done by it.
  app.get("/v1/hand-over/waited-for", (c) => c.json([]));
  app.post("/v1/hand-over/line", (c) => c.json({ path: handOver.openLine() }));
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
    if (options.isOutage(error)) return c.text(error.message, 503);
    return c.json({ error: `bug: ${error.message}` }, 500);
  });

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
