import assert from "node:assert/strict";
import { type Language, languageOf } from "../../lib/look/language.ts";

const CASES: [accepted: string | null, language: Language][] = [
  [null, "en"],
  ["", "en"],
  ["*", "en"],
  ["de", "de"],
  ["de-AT,de;q=0.9,en;q=0.8", "de"],
  ["DE-de", "de"],
  ["en-GB,en;q=0.9,de;q=0.8", "en"],
  ["fr,de;q=0.5,en;q=0.3", "de"],
  ["fr;q=0.9, en;q=0.2, de ; q=0.4", "de"],
  ["fr", "en"],
  ["de;q=0", "en"],
  ["de;q=nonsense", "en"],
  ["den", "en"],
];

Deno.test("languageOf() takes the language that suits best of those there are", () => {
  for (const [accepted, language] of CASES) assert.equal(languageOf(accepted), language, accepted!);
});

Deno.test("languageOf() reads no more than a browser sends, which took more time than the page itself", () => {
  assert.equal(languageOf(`${"fr;q=0.1,".repeat(20)}de`), "de");
  assert.equal(languageOf(`${",".repeat(60_000)}de`), "en");
});
