import assert from "node:assert/strict";
import { readDotenv } from "../../lib/config/dotenv.ts";
import { loadConfig, secretsFileOf } from "../../lib/config/load.ts";

Deno.test("readDotenv() reads files as editors write them", () => {
  const cases: [text: string, values: Record<string, string>][] = [
    ["A=1\nB=2\n", { A: "1", B: "2" }],
    ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["A=1\rB=2\r", { A: "1", B: "2" }],
    ["\ufeffA=1\n# b\n\n\texport B = 2\t\n", { A: "1", B: "2" }],
    ["A=1 # one\nB=#\nC='#'#\nD=`x`", { A: "1", B: "", C: "#", D: "x" }],
    ["A=\"it's\"\nB='a # b'\nC=a\"b\n", { A: "it's", B: "a # b", C: 'a"b' }],
    ['A="one\ntwo"\nB=2\n', { A: "one\ntwo", B: "2" }],
    ["", {}],
  ];
  for (const [text, values] of cases) {
    assert.deepEqual({ ...readDotenv(text).values }, values, JSON.stringify(text));
    assert.equal(readDotenv(text).fault, undefined, JSON.stringify(text));
  }
});

Deno.test("readDotenv() tells the line whose text it would not take whole", () => {
  const cases: [line: string, what: "form" | "value"][] = [
    ["A=key#tail", "value"],
    ['A="key', "value"],
    ["A='key' tail", "value"],
    ['A="key"tail', "value"],
    ["A: key", "form"],
    ["[section]", "form"],
    ["; remark", "form"],
    ["key", "form"],
  ];
  for (const [line, what] of cases) {
    assert.deepEqual(readDotenv(`X=1\n\n${line}\nY=2\n`).fault, { line: 3, what }, line);
  }
  // A mark that was forgotten is not closed by the next one.
  for (const line of ['A="key', 'A="key"tail']) {
    assert.deepEqual(readDotenv(`${line}\nB="b"\n`).fault, { line: 1, what: "value" }, line);
  }
});

Deno.test("loadConfig() takes nothing of a secrets file that it does not understand, and shows none of it", () => {
  const env = {
    GLOSSOND_ACME_EMAIL: "a@example.org",
    GLOSSOND_PDNS_API_URL: "http://127.0.0.1:8081",
  };
  for (const line of ["POWERDNS_API_KEY=hunter#2", "POWERDNS_API_KEY: hunter2", "hunter2"]) {
    const { settings, problems } = loadConfig({ env, secrets: `${line}\n` });
    assert.equal(settings, undefined, line);
    assert.match(problems[0]!, /^Line 1 of the secrets file /);
    assert.doesNotMatch(problems.join(), /hunter/);
  }
  const file = "\ufeffGLOSSOND_SECRETS_FILE=/run/secrets\n";
  assert.equal(secretsFileOf({ env: {}, file }), "/run/secrets");
});
