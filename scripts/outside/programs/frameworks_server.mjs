// Small apps of Fastify, Express and Hono: node frameworks_server.mjs FRAMEWORK PORT
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { csrf } from "hono/csrf";
import { streamSSE } from "hono/streaming";

const [framework, port] = [process.argv[2], Number(process.argv[3])];
const host = "127.0.0.1";

if (framework === "fastify") {
  const app = fastify({ trustProxy: true });
  app.delete("/items/:id", (request) => ({ deleted: request.params.id }));
  app.post("/items", (request) => ({ got: request.body }));
  app.get("/where", (request) => ({ protocol: request.protocol, host: request.host }));
  app.get("/moved", (_, reply) => reply.redirect("/where"));
  await app.listen({ host, port });
}
if (framework === "express") {
  const app = express();
  app.set("trust proxy", true);
  app.use(express.json(), express.urlencoded());
  app.delete("/items/:id", (request, response) => response.json({ deleted: request.params.id }));
  app.post("/items", (request, response) => response.json({ got: request.body }));
  app.get("/where", (request, response) => {
    response.json({ protocol: request.protocol, host: request.get("host") });
  });
  app.get("/moved", (_, response) => response.redirect("/where"));
  app.get("/back", (request, response) => response.redirect(request.get("Referrer") ?? "/"));
  app.get("/cookie", (request, response) => {
    response.cookie("s", "1", { secure: request.secure, domain: request.hostname }).json({});
  });
  app.listen(port, host);
}
if (framework === "hono") {
  const app = new Hono();
  app.use(csrf());
  app.delete("/items/:id", (c) => c.json({ deleted: c.req.param("id") }));
  app.post("/items", async (c) => c.json({ got: await c.req.json() }));
  app.post("/form", async (c) => c.json({ got: await c.req.parseBody() }));
  app.get("/where", (c) => {
    const { protocol, host } = new URL(c.req.url);
    return c.json({ protocol: c.req.header("x-forwarded-proto") ?? protocol.slice(0, -1), host });
  });
  app.get("/moved", (c) => c.redirect("/where"));
  app.get("/events", (c) =>
    streamSSE(c, async (stream) => {
      for (let i = 0; i < 5; i++) {
        await stream.writeSSE({ data: String(i) });
        await stream.sleep(200);
      }
    }));
  serve({ fetch: app.fetch, hostname: host, port });
}
