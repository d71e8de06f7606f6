import assert from "node:assert/strict";
import { type Asker, askerOf } from "../../lib/look/asker.ts";

const FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const OLD_IMAGE = "image/webp,image/avif,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5";

const CASES: [asker: Asker, method: string, headers: Record<string, string>][] = [
  ["navigation", "GET", { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" }],
  ["navigation", "POST", { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" }],
  ["navigation", "GET", { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" }],
  ["program", "GET", { "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", Accept: FIREFOX }],
  ["program", "POST", { "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty" }],
  ...["script", "serviceworker", "worker", "manifest", "image", "font", "style", "audio", "track"]
    .map((part): (typeof CASES)[number] => [
      "part",
      "GET",
      { "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": part, Accept: "*/*" },
    ]),
  // Browsers from before Fetch Metadata, and programs.
  ["part", "GET", { "Service-Worker": "script", Accept: "*/*" }],
  ["navigation", "GET", { Accept: FIREFOX }],
  ["navigation", "POST", { Accept: FIREFOX }],
  ["part", "GET", { Accept: OLD_IMAGE }],
  ["part", "GET", { Accept: "text/css,*/*;q=0.1" }],
  ["program", "GET", { Accept: "application/json, */*" }],
  ["navigation", "GET", { Accept: "*/*" }],
  ["navigation", "HEAD", {}],
  ["navigation", "GET", { Accept: "" }],
  ["program", "POST", { Accept: "*/*" }],
  ["program", "PUT", {}],
  ["program", "PROPFIND", {}],
];

Deno.test("askerOf() tells a person's browser from a program and from what a page needs", () => {
  for (const [asker, method, headers] of CASES) {
    const request = new Request("https://kaylee.glosson.test/", { method, headers });
    assert.equal(askerOf(request), asker, `${method} ${JSON.stringify(headers)}`);
  }
});
