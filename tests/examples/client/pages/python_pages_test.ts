import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as answers from "../../../../examples/client/pages/answers.tsx";
import { ownPage } from "../../../../examples/client/pages/own_page.ts";
import { PYTHON_PAGES, pythonPages } from "../../../../scripts/python_pages.ts";
import { must } from "../../../../scripts/run.ts";

const PYTHON = fileURLToPath(new URL("../../../../examples/python/", import.meta.url));

const PAGES = {
  "online": answers.online("kaylee.glosson.test"),
  "nothing-here": answers.nothingHere,
  "no-index": answers.noIndex,
  "files-away": answers.filesAway,
  "app-down": answers.appDown,
  "app-silent": answers.appSilent,
};

/** Who asks, and how. */
const ASKED: [method: string, target: string, host: string, fields: Record<string, string>][] = [
  ["GET", "/", "kaylee.glosson.test", { Accept: "text/html" }],
  ["GET", "/deep/link?x=1&y=%22", "kaylee.glosson.test:4430", { "Accept-Language": "de,en;q=0.5" }],
  ["POST", "/form", "kaylee.glosson.test", { "Sec-Fetch-Mode": "navigate" }],
  ["POST", "/form", "kaylee.glosson.test", {
    "Sec-Fetch-Mode": "navigate",
    "Accept-Language": "en;q=0.2, de-AT;q=0.9",
  }],
  ["GET", "//evil.test/{{style}}", "kaylee.glosson.test", {}],
  ["GET", "/api", "kaylee.glosson.test", { "Sec-Fetch-Dest": "empty" }],
  ["PUT", "/api", "kaylee.glosson.test", {}],
  ["GET", "/api", "kaylee.glosson.test", { Accept: "application/json, */*" }],
  ["GET", "/sw.js", "kaylee.glosson.test", { "Sec-Fetch-Dest": "serviceworker" }],
  ["GET", "/sw.js", "kaylee.glosson.test", { "Service-Worker": "script", Accept: "*/*" }],
  ["GET", "/a.png", "kaylee.glosson.test", { Accept: "image/avif,*/*;q=0.8" }],
];

/** Answers each request of standard input with each page, as JSON. */
const PROGRAM = `
import json, sys
from glosson.own_page import own_page
answers = []
for page, (method, target, host, fields) in json.load(sys.stdin):
    fields = [(name.encode(), value.encode()) for name, value in fields.items()]
    status, headers, body = own_page(page, method.encode(), target.encode(), host.encode(), fields)
    headers = {name.decode().lower(): value.decode() for name, value in headers}
    answers.append([status, headers, body.decode()])
json.dump(answers, sys.stdout)
`;

Deno.test("own_pages.json of the client in Python is what deno task pages writes", async () => {
  assert.equal(await Deno.readTextFile(PYTHON_PAGES), pythonPages());
});

Deno.test("own_page() in Python answers as ownPage() does, byte for byte", async () => {
  const cases = Object.keys(PAGES).flatMap((page) => ASKED.map((asked) => [page, asked] as const));
  const output = await must("python3", ["-c", PROGRAM], {
    cwd: PYTHON,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
    input: JSON.stringify(cases),
  });
  const answered = JSON.parse(output);
  assert.equal(answered.length, cases.length);
  for (const [i, [page, [method, target, host, headers]]] of cases.entries()) {
    const request = new Request(
      `https://${host}${target.replace("{{style}}", "%7B%7Bstyle%7D%7D")}`,
      {
        method,
        headers,
      },
    );
    const response = ownPage(request, PAGES[page as keyof typeof PAGES]);
    const expected = [
      response.status,
      Object.fromEntries(response.headers),
      (await response.text()).replaceAll("%7B%7Bstyle%7D%7D", "{{style}}"),
    ];
    assert.deepEqual(answered[i], expected, `${page} for ${method} ${target}`);
  }
});
