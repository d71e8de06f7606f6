import assert from "node:assert/strict";
import { createHash } from "node:crypto";

/** A page is small, all of it: nothing else is loaded. */
const MAX_PAGE_BYTES = 15_000;

/** Asserts that a page is HTML for people, phones and screen readers, and small. */
export function assertSoundPage(html: string, page: string): void {
  assert.match(html, /^<!DOCTYPE html><html lang="(?:en|de)" data-page="[\w-]+">/);
  assert.match(html, /<title>[^<]+<\/title>/);
  assert.match(html, /<meta name="viewport" content="[^"]*initial-scale=1, viewport-fit=cover"/);
  assert.equal([...html.matchAll(/<meta name="theme-color" media="\(prefers/g)].length, 2);
  assert.ok(html.includes(`<meta name="apple-mobile-web-app-capable" content="yes"/>`));
  assert.equal([...html.matchAll(/<h1>/g)].length, 1, page);
  assert.equal([...html.matchAll(/<main>/g)].length, 1, page);
  assert.doesNotMatch(html, /undefined|\[object|NaN/);
  assert.ok(new TextEncoder().encode(html).length < MAX_PAGE_BYTES, page);
  assertBalanced(html, page);
}

/** Asserts that a page's policy allows exactly the style and the scripts in it, and it needs no more. */
export async function assertOwnPolicy(response: Response, page: string): Promise<void> {
  const policy = response.headers.get("Content-Security-Policy") ?? "";
  assert.match(policy, /^default-src 'none'/);
  const html = await response.text();
  const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)];
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)];
  assert.equal(styles.length, 1);
  for (const [, source = ""] of [...styles, ...scripts]) {
    const hash = createHash("sha256").update(source).digest("base64");
    assert.ok(policy.includes(`'sha256-${hash}'`), `${page}: the policy does not allow its own`);
  }
  assert.doesNotMatch(html.replace(/<style>.*<\/style>/s, ""), /\s(?:style|on\w+)=/);
  assert.doesNotMatch(html, /\ssrc=|@import|url\((?!#)/);
}

/** Every element that is opened is closed, in order; content of style and script is skipped. */
function assertBalanced(html: string, page: string): void {
  const open: string[] = [];
  const plain = html.replace(/<(style|script)>.*?<\/\1>/gs, "").replace("<!DOCTYPE html>", "");
  for (
    const [tag, close, name = "", rest] of plain.matchAll(/<(\/?)([\w-]+)((?:"[^"]*"|[^">])*)>/g)
  ) {
    if (close) assert.equal(open.pop(), name, `${page}: ${tag}`);
    else if (!rest?.endsWith("/")) open.push(name);
  }
  assert.deepEqual(open, [], page);
}
