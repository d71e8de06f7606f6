import assert from "node:assert/strict";
import { STYLE } from "../../lib/look/style.ts";

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

Deno.test("text stands out in both colour schemes", () => {
  const schemes = [...STYLE.matchAll(/:root \{(.*?)\}/gs)].map(([, body = ""]) =>
    new Map([...body.matchAll(/--(\w+): (#[0-9a-f]{6})/g)].map(([, name, color]) => [name, color]))
  );
  assert.equal(schemes.length, 2);
  for (const colors of schemes) {
    for (const text of ["ink", "soft", "accent"]) {
      for (const ground of ["paper", "card", "code"]) {
        const ratio = contrast(colors.get(text) ?? "", colors.get(ground) ?? "");
        assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
  }
});
