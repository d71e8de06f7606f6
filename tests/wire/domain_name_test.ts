import assert from "node:assert/strict";
import { readDomain } from "../../lib/wire/domain_name.ts";

Deno.test("readDomain() takes host names, in the one form that they are compared in", () => {
  const cases: [text: string, domain: string][] = [
    ["blog.example.org", "blog.example.org"],
    ["Blog.Example.ORG.", "blog.example.org"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["a.b.c.d.e.f.g.h.i.org", "a.b.c.d.e.f.g.h.i.org"],
    ["3com.4u.org", "3com.4u.org"],
  ];
  for (const [text, domain] of cases) assert.deepEqual(readDomain(text), { ok: true, domain });
});

Deno.test("readDomain() refuses what is none, with the fix", () => {
  const long = `${"a".repeat(60)}.`.repeat(4);
  const cases: [text: string, fix: RegExp][] = [
    ["bücher.example", /stands in the DNS: xn--bcher-kva\.example/],
    ["bücher..example", /its xn-- form|xn--/],
    ["*.example.org", /wildcard .* each of its names/],
    ["192.0.2.1", /IP address/],
    ["2001:db8::1", /IP address/],
    ["example.1", /IP address/],
    ["localhost", /two labels/],
    ["", /no domain/],
    ["example..org", /no domain/],
    ["example.org..", /no domain/],
    ["-a.example.org", /no domain/],
    ["my_page.example.org", /no domain/],
    ["https://example.org/", /no domain/],
    ["example.org/x", /no domain/],
    ["example.org:443", /no domain/],
    [`${"a".repeat(64)}.org`, /no domain/],
    [`${long}org`, /at most/],
    ["a.b.c.d.e.f.g.h.i.j.org", /at most 10 labels/],
    ["xn--a.example", /A-label/],
  ];
  for (const [text, fix] of cases) {
    const read = readDomain(text);
    assert.ok(!read.ok, text);
    assert.match(read.detail, fix, text);
  }
});
