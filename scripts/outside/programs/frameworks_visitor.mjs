// A visitor of those apps: node frameworks_visitor.mjs FRAMEWORK URL
import { same, test } from "./cases.mjs";

const [framework, url] = process.argv.slice(2);
const { protocol, host, hostname } = new URL(url);

async function json(path, options) {
  const response = await fetch(url + path, options);
  if (!response.ok) {
    throw new Error(`status ${response.status}: ${(await response.text()).slice(0, 60)}`);
  }
  return await response.json();
}

await test("DELETE without a body", async () => {
  same(await json("/items/7", { method: "DELETE", headers: { origin: url } }), { deleted: "7" });
});
await test("POST of JSON", async () => {
  const body = JSON.stringify({ name: "ö", many: "x".repeat(50_000) });
  const headers = { "content-type": "application/json", origin: url };
  const { got } = await json("/items", { method: "POST", body, headers });
  same(got, JSON.parse(body));
});
await test("the app knows its address", async () => {
  same(await json("/where"), { protocol: protocol.slice(0, -1), host });
});
await test("a redirect stays on the host", async () => {
  const response = await fetch(`${url}/moved`);
  same([response.status, new URL(response.url).host], [200, host]);
});
if (framework === "express") {
  await test("a cookie for the domain", async () => {
    const cookie = (await fetch(`${url}/cookie`)).headers.get("set-cookie");
    same(cookie.includes(`Domain=${hostname}`), true);
    same(cookie.includes("Secure"), protocol === "https:");
  });
}
if (framework === "hono") {
  const form = { method: "POST", body: new URLSearchParams({ a: "b" }) };
  await test("csrf() lets the page's own form in", async () => {
    same(await json("/form", { ...form, headers: { origin: url } }), { got: { a: "b" } });
  });
  await test("csrf() keeps another's form out", async () => {
    const response = await fetch(`${url}/form`, {
      ...form,
      headers: { origin: "https://evil.example" },
    });
    same(response.status, 403);
  });
  await test("server-sent events come one by one", async () => {
    const reader = (await fetch(`${url}/events`)).body.getReader();
    const times = [];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      times.push(performance.now());
    }
    same(times.at(-1) - times[0] > 400, true);
  });
}
process.exit(0);
