import { Hono } from "hono";
import type { z } from "zod";
import { DATA_SUBPROTOCOL, SUBPROTOCOL } from "../wire/messages.ts";
import { tellLength } from "../net/head_length.ts";
import { accountAnswer, certificateAnswer, time } from "./answers.ts";
import { openApiDocument } from "./openapi.ts";
import { Problem, type ProblemCode } from "./problem.ts";
import { bearerToken, requireWebSocket, upgradeRequired } from "./request.ts";
import * as schema from "./schemas.ts";
import type { AccountView, ApiBindings, ApiOptions, Refusal } from "./services.ts";

/** Bytes that may still come of a body that was refused, by the problem; enough to read the answer. */
const REST_OF_BODY: Partial<Record<ProblemCode, number>> = {
  "too-slow": 0,
  "too-large": 64 * 1024,
};

/** The HTTPS API of PROTOCOL section 1, over plain values and functions. */
export function apiApp(options: ApiOptions): Hono<{ Bindings: ApiBindings }> {
  const { relay, hostnameOf, accounts, claims, certificates, readBody, log } = options;
  const app = new Hono<{ Bindings: ApiBindings }>();
  const openApi = openApiDocument(relay.software, relay.controlUrl);

  function authorised(request: Request): AccountView {
    const account = accounts.byToken(bearerToken(request));
    if (account === undefined) {
      throw new Problem(
        "unauthorized",
        "Send the token of your account as Authorization: Bearer TOKEN; a lost token is replaced by claiming the name again.",
        { headers: { "WWW-Authenticate": "Bearer" } },
      );
    }
    if (account.blockedAt !== undefined) throw suspended(account.username);
    return account;
  }

  app.use(async (c, next) => {
    await next();
    // The answer to an upgrade has to stay the one that Deno made.
    if (c.res.status === 101) return;
    c.res.headers.set("Cache-Control", "no-store");
    await tellLength(c.req.raw, c.res);
  });

  app.get("/v1/relay", (c) => c.json(relay));
  app.get("/v1/openapi.json", (c) => c.json(openApi));

  app.post("/v1/claims", async (c) => {
    const { address } = c.env.source;
    const body = await readBody(c.req.raw, address);
    const claim = granted(claims.create(body.username, address));
    const answer: z.infer<typeof schema.claimAnswer> = {
      claim: claim.claim,
      username: claim.username,
      hostname: claim.hostname,
      code: claim.code,
      expiresAt: time(claim.expiresAt),
    };
    return c.json(answer, 201);
  });

  app.post("/v1/claims/:claim/verify", async (c) => {
    const { username, hostname, token } = granted(
      await claims.verify(c.req.param("claim"), c.env.source.address),
    );
    options.revoke(username);
    log.info("account verified", { username });
    return c.json({ username, hostname, token } satisfies z.infer<typeof schema.verifyAnswer>);
  });

  app.get("/v1/account", (c) => c.json(accountAnswer(authorised(c.req.raw), options)));

  app.patch("/v1/account", async (c) => {
    authorised(c.req.raw);
    const changes = schema.preferencesChange.safeParse(
      await readBody(c.req.raw, c.env.source.address),
    );
    // Again: a body can take its time, and the name may have another owner by now.
    const { username } = authorised(c.req.raw);
    if (!changes.success) {
      const members = new Set(changes.error.issues.map((issue) => issue.path[0]));
      const rules = Object.entries(schema.PREFERENCE_RULES).filter(([name]) => members.has(name));
      throw new Problem("invalid-preference", rules.map(([, rule]) => rule).join(" "));
    }
    await accounts.setPreferences(username, changes.data);
    return c.json(accountAnswer(authorised(c.req.raw), options));
  });

  app.delete("/v1/account", async (c) => {
    const { username } = authorised(c.req.raw);
    await options.release(username);
    log.info("account released", { username });
    return c.body(null, 204);
  });

  app.post("/v1/certificates", async (c) => {
    authorised(c.req.raw);
    const body = schema.certificateRequest.safeParse(
      await readBody(c.req.raw, c.env.source.address),
    );
    // Again: a body can take its time, and the name may have another owner by now.
    const { username } = authorised(c.req.raw);
    if (!body.success) {
      throw new Problem("bad-csr", 'Send {"csr": "-----BEGIN CERTIFICATE REQUEST-----…"} in PEM.');
    }
    const { id } = granted(
      await certificates.submit(username, hostnameOf(username), body.data.csr),
    );
    return c.json({ id, status: "pending" }, 202, {
      "Location": `/v1/certificates/${id}`,
      "Retry-After": "1",
    });
  });

  app.get("/v1/certificates/:id", (c) => {
    const { username } = authorised(c.req.raw);
    const id = c.req.param("id");
    const state = certificates.get(username, id);
    if (state === undefined) {
      throw new Problem("certificate-not-found", "Ask for a new one with POST /v1/certificates.");
    }
    const answer = certificateAnswer(id, state);
    if (state.status === "pending") c.header("Retry-After", String(state.retryAfterS));
    return c.json(answer);
  });

  app.get("/v1/control", (c) => {
    const { username } = authorised(c.req.raw);
    requireWebSocket(c.req.raw, SUBPROTOCOL);
    const token = bearerToken(c.req.raw);
    function holds(): boolean {
      const account = accounts.byToken(token);
      return account?.username === username && account.blockedAt === undefined;
    }
    const { transport, takeSocket } = c.env;
    const caller = { username, holds, transport };
    const response = options.openControl(c.req.raw, caller, takeSocket);
    if (response === undefined) {
      throw new Problem(
        "busy",
        "As many clients are online as this relay takes; come back later.",
        {
          retryAfterS: 60,
        },
      );
    }
    return response;
  });

  // The handshake itself is answered before a request comes as far as here.
  app.get("/v1/data", () => {
    throw upgradeRequired(DATA_SUBPROTOCOL);
  });

  const methods = new Set(["HEAD", ...app.routes.map(({ method }) => method)]);
  methods.delete("ALL");
  for (const path of new Set(app.routes.filter((r) => r.method !== "ALL").map((r) => r.path))) {
    const allowed = app.routes.filter((r) => r.path === path && r.method !== "ALL")
      .flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
    app.all(path, () => {
      throw new Problem("method-not-allowed", `This address takes ${allowed}.`, {
        headers: { Allow: allowed },
      });
    });
  }
  app.notFound((c) => {
    // CONNECT and OPTIONS * ask for no address (RFC 9112 sections 3.2.3 and 3.2.4).
    if (c.req.method === "CONNECT" || c.req.path === "/*") {
      return new Problem("method-not-allowed", "The relay is a proxy for nobody.", {
        headers: { Allow: [...methods].join(", ") },
      }).response();
    }
    return new Problem("not-found", "GET /v1/openapi.json lists every address.").response();
  });
  app.onError((error, c) => {
    if (error instanceof Problem) {
      // The rest of a body that nobody reads must not hold the connection for as long as it comes.
      if (error.code in REST_OF_BODY) c.env.transport.allowance = REST_OF_BODY[error.code]!;
      return error.response();
    }
    if ((error as { code?: unknown }).code === "ERR_SQLITE_ERROR") {
      log.error("cannot use the database; is its disk full?", { error });
      return new Problem("busy", "The relay cannot keep its records now; try again later.", {
        retryAfterS: 60,
      }).response();
    }
    log.error("request ended by a bug", { path: c.req.path, error, stack: error.stack });
    return new Problem("internal", "Try again; if it stays so, tell the relay's operator.")
      .response();
  });
  return app;
}

function suspended(username: string): Problem {
  return new Problem("suspended", `The relay's operator has suspended ${username}; ask them why.`);
}

function granted<T extends { ok: true }>(result: T | Refusal): T {
  if (result.ok) return result;
  throw new Problem(result.problem, result.detail, {
    ...(result.retryAfterS !== undefined && { retryAfterS: result.retryAfterS }),
  });
}
