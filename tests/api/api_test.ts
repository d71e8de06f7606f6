import assert from "node:assert/strict";
import { ROUTES } from "../../lib/api/routes.ts";
import type { AccountView, ApiOptions } from "../../lib/api/services.ts";
import { PROBLEMS, refuse } from "../../lib/wire/problems.ts";
import { assertListed } from "./listed.ts";
import { never, nothing, testApi } from "./services.ts";

const ACCOUNT: AccountView = {
  username: "kaylee",
  preferences: { offlinePage: "full", lastSeen: true, away: null },
};

/** The API over services that a test sets; the token `good` is kaylee's. */
function api(options: Partial<ApiOptions> = {}) {
  const { ask } = testApi({
    accounts: {
      byToken: (token) => Promise.resolve(token === "good" ? ACCOUNT : undefined),
      setPreferences: never,
    },
    ...options,
  });
  return {
    async request(method: string, path: string, body?: unknown, token = "good") {
      const response = await ask(method, path, { token, body });
      const text = await response.text();
      const { status, headers } = response;
      const answer = { status, headers, body: text === "" ? {} : JSON.parse(text) };
      assertListed(method, path, answer);
      return answer;
    },
  };
}

Deno.test("apiApp() answers what a service refuses as the problem that it is", async () => {
  for (const code of ROUTES.claim.problems) {
    const claims = { create: () => Promise.resolve(refuse(code, "Do this.", 7)), verify: never };
    const { status, headers, body } = await api({ claims })
      .request("POST", "/v1/claims", { username: "kaylee" });
    assert.deepEqual([status, body.detail], [PROBLEMS[code].status, "Do this."]);
    assert.equal(headers.get("Retry-After"), "7");
  }
  for (const code of ROUTES.verify.problems) {
    const claims = { create: never, verify: () => Promise.resolve(refuse(code, "Do this.")) };
    const { status } = await api({ claims }).request("POST", "/v1/claims/abc/verify");
    assert.equal(status, PROBLEMS[code].status);
  }
  const submit = () => Promise.resolve(refuse("bad-csr", "Do this."));
  const certificates = { submit, get: nothing, latest: nothing };
  const { status } = await api({ certificates })
    .request("POST", "/v1/certificates", { csr: "none" });
  assert.equal(status, 400);
});

Deno.test("apiApp() tells of each member what it has to be, and calls nothing for a bad body", async () => {
  const cases: [method: string, path: string, body: unknown, detail: RegExp][] = [
    ["POST", "/v1/claims", { username: 7 }, /^A username has 2 to 63 characters: .* 3 and 4\.$/],
    ["POST", "/v1/certificates", {}, /^Send \{"csr": "-+BEGIN CERTIFICATE REQUEST-+…"\} in PEM\.$/],
    ["PATCH", "/v1/account", { lastSeen: 1 }, /^lastSeen is true or false\.$/],
    [
      "PATCH",
      "/v1/account",
      { away: "x".repeat(281), offlinePage: null },
      /^offlinePage is "full", "plain" or "none"\. away is a text of at most 280 characters, or null\.$/,
    ],
  ];
  for (const [method, path, body, detail] of cases) {
    const answer = await api().request(method, path, body);
    assert.equal(answer.status, 400);
    assert.match(answer.body.detail, detail);
  }
});

Deno.test("apiApp() asks for the token before a body is read, and again once it came", async () => {
  const cases: [method: string, path: string, body: unknown][] = [
    ["PATCH", "/v1/account", { lastSeen: true }],
    ["PATCH", "/v1/account", { lastSeen: "bad" }],
    ["POST", "/v1/certificates", { csr: "any" }],
  ];
  for (const [method, path, body] of cases) {
    const none = await api({ readBody: never }).request(method, path, body, "none");
    assert.equal(none.status, 401, `${method} without a token`);

    let owner: AccountView | undefined = ACCOUNT;
    const released = await api({
      accounts: { byToken: () => Promise.resolve(owner), setPreferences: never },
      readBody() {
        owner = undefined;
        return Promise.resolve(body as Record<string, unknown>);
      },
    }).request(method, path, body);
    assert.equal(released.status, 401, `${method} of a name that was released meanwhile`);
  }
});
