import assert from "node:assert/strict";
import { isUsername } from "../../lib/account/username.ts";
import { isOurHost, route } from "../../lib/visitor/route.ts";

const OURS = {
  baseDomain: "glosson.test",
  ownerOf: (domain: string) => domain === "blog.example.org" ? "kaylee" : undefined,
};

Deno.test("route() follows the table of PROTOCOL section 4", () => {
  const cases: [string | undefined, unknown][] = [
    ["kaylee.glosson.test", { to: "user", username: "kaylee" }],
    ["a-b.glosson.test", { to: "user", username: "a-b" }],
    ["relay.glosson.test", { to: "control" }],
    ["glosson.test", { to: "landing" }],
    [undefined, { to: "foreign" }],
    ["example.org", { to: "foreign" }],
    ["blog.example.org", { to: "user", username: "kaylee", isOwnName: true }],
    ["www.blog.example.org", { to: "foreign" }],
    ["notglosson.test", { to: "foreign" }],
    ["glosson.test.example.org", { to: "foreign" }],
    ["deep.kaylee.glosson.test", { to: "foreign" }],
    ["xn--bcher-kva.glosson.test", { to: "unknown" }],
    ["-kaylee.glosson.test", { to: "unknown" }],
    ["my_page.glosson.test", { to: "unknown" }],
    ["k.glosson.test", { to: "unknown" }],
    [`${"a".repeat(64)}.glosson.test`, { to: "foreign" }],
    [".glosson.test", { to: "foreign" }],
  ];
  for (const [name, target] of cases) {
    assert.deepEqual(route(name, { ...OURS, isUsername }), target, `${name}`);
  }
});

Deno.test("route() has one label below a user's name lead to them, where they may have such names", () => {
  const options = { ...OURS, isUsername, hasNamesBelow: (username: string) => username !== "mail" };
  const kaylees = { to: "user", username: "kaylee", isOwnName: true };
  const cases: [string, unknown][] = [
    ["app.kaylee.glosson.test", kaylees],
    ["a.kaylee.glosson.test", kaylees],
    ["zoe.kaylee.glosson.test", kaylees],
    ["kaylee.glosson.test", { to: "user", username: "kaylee" }],
    ["app.mail.glosson.test", { to: "foreign" }],
    ["app.k.glosson.test", { to: "foreign" }],
    ["deep.app.kaylee.glosson.test", { to: "foreign" }],
    ["_app.kaylee.glosson.test", { to: "foreign" }],
    ["-app.kaylee.glosson.test", { to: "foreign" }],
    ["xn--bcher-kva.kaylee.glosson.test", { to: "foreign" }],
    ["*.kaylee.glosson.test", { to: "foreign" }],
    [".kaylee.glosson.test", { to: "foreign" }],
    [`${"a".repeat(64)}.kaylee.glosson.test`, { to: "foreign" }],
    ["kaylee.blog.example.org", { to: "foreign" }],
  ];
  for (const [name, target] of cases) assert.deepEqual(route(name, options), target, name);
});

Deno.test("isOurHost() takes BASE, names below it and users' domains only", () => {
  assert.ok(isOurHost("blog.example.org", OURS));
  assert.ok(isOurHost("glosson.test", OURS));
  assert.ok(isOurHost("any.name.glosson.test", OURS));
  assert.ok(!isOurHost("notglosson.test", OURS));
  assert.ok(!isOurHost("glosson.test.evil.example", OURS));
});
