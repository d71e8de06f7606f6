import assert from "node:assert/strict";
import { type Answer, responseTo } from "../../lib/look/answer.ts";
import { Frame } from "../../lib/look/frame.tsx";

const AWAY: Answer = {
  status: 503,
  page: "offline",
  language: "de",
  body: Frame({ language: "de", page: "offline", title: "offline", footer: "" as never }),
  text: "kaylee.glosson.test is offline.",
  retryAfterS: 30,
};

const HTML = "text/html; charset=UTF-8";
const TEXT = "text/plain; charset=UTF-8";
const PROBLEM = "application/problem+json";

/** What browsers and programs send, and the form that they get. */
const CASES: [what: string, type: string, method: string, headers: Record<string, string>][] = [
  ["navigation", HTML, "GET", { "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate" }],
  ["iframe", HTML, "GET", { "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate" }],
  ["a form", HTML, "POST", { "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate" }],
  ["fetch()", PROBLEM, "GET", { "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors" }],
  ["POST by fetch()", PROBLEM, "POST", { "Sec-Fetch-Dest": "empty" }],
  ["PUT by fetch()", PROBLEM, "PUT", { "Sec-Fetch-Dest": "empty" }],
  ["POST of a program", PROBLEM, "POST", { Accept: "*/*" }],
  ["PUT of a program", PROBLEM, "PUT", {}],
  ["JSON for a program", PROBLEM, "GET", { Accept: "application/json" }],
  ...["script", "serviceworker", "manifest", "image", "font", "style", "worker", "audio", "video"]
    .map((part): (typeof CASES)[number] => [
      part,
      TEXT,
      "GET",
      { "Sec-Fetch-Dest": part, "Sec-Fetch-Mode": "no-cors" },
    ]),
];

for (const [what, type, method, headers] of CASES) {
  Deno.test(`responseTo() has for ${what} what it can use: ${type}`, async () => {
    const request = new Request("https://kaylee.glosson.test/x", { method, headers });
    const response = responseTo(request, AWAY);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("Content-Type"), type);
    assert.equal(response.headers.get("Retry-After"), "30");
    for (const never of ["Clear-Site-Data", "Location", "Set-Cookie"]) {
      assert.equal(response.headers.get(never), null);
    }
    const body = await response.text();
    if (type === HTML) {
      assert.match(body, /^<!DOCTYPE html><html lang="de"/);
      assert.equal(response.headers.get("Content-Language"), "de");
    } else assert.doesNotMatch(body, /</);
    if (type === TEXT) assert.equal(body, "kaylee.glosson.test is offline.\n");
    if (type === PROBLEM) {
      assert.deepEqual(JSON.parse(body), {
        type: "urn:glosson:problem:offline",
        title: "kaylee.glosson.test is offline.",
        status: 503,
        detail: "kaylee.glosson.test is offline. Try again in 30 seconds.",
        error: "kaylee.glosson.test is offline.",
      });
    }
  });
}
