import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { PROBLEMS } from "../lib/wire/problems.ts";
import { checkDocument, type Findings, markdownFiles } from "./docs/check.ts";
import { namedProblems, problemTable } from "./docs/problems.ts";
import { elsewhere } from "./system/faults/elsewhere.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** README's lines at most: whoever comes new reads it to the end. */
const README_LINES = 200;

Deno.test("links, anchors, tasks, commands and paths in every document exist", () => {
  const checked: Findings = { problems: [], links: 0, anchors: 0, tasks: 0, commands: 0, paths: 0 };
  const files = markdownFiles(ROOT);
  for (const name of ["README.md", "SECURITY.md", "lib/README.md", "examples/OPERATING.md"]) {
    assert.ok(files.includes(name), name);
  }
  for (const file of files) {
    checkDocument(ROOT, file, Deno.readTextFileSync(ROOT + file), checked);
  }
  assert.deepEqual(checked.problems, []);
  for (const kind of ["links", "anchors", "tasks", "commands", "paths"] as const) {
    assert.ok(checked[kind] >= 5, `only ${checked[kind]} ${kind} were found`);
  }
});

Deno.test(`README.md has at most ${README_LINES} lines`, () => {
  const lines = Deno.readTextFileSync(`${ROOT}README.md`).split("\n").length - 1;
  assert.ok(lines <= README_LINES, `${lines} lines`);
});

Deno.test("the tests are there that the table of faults refers to", async () => {
  assert.ok((await elsewhere()).length > 0);
});

Deno.test("the client in Python tells of each of its files what it is for", () => {
  const folder = `${ROOT}examples/python/glosson`;
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /^[a-z].*\.(py|json)$/.test(name));
  assert.ok(files.length > 80);
  const text = Deno.readTextFileSync(`${ROOT}examples/python/README.md`);
  const rows = text.slice(text.indexOf("| to read |"));
  assert.deepEqual(files.filter((name) => !rows.includes(`\`${name}\``)), []);
});

Deno.test("PROTOCOL.md lists the problems of the catalogue, and no document names another", () => {
  const protocol = Deno.readTextFileSync(`${ROOT}examples/PROTOCOL.md`);
  const listed = protocol.slice(protocol.indexOf("| code | status |"));
  assert.equal(listed.slice(0, listed.indexOf("\n\n") + 1), problemTable());
  for (const [file, atLeast] of [["PROTOCOL.md", 1], ["OPERATING.md", 7]] as const) {
    const named = namedProblems(Deno.readTextFileSync(`${ROOT}examples/${file}`));
    assert.ok(named.length >= atLeast, `${file}: only ${named.length} were found`);
    for (const { code, status } of named) {
      const problem = Object.entries(PROBLEMS).find(([name]) => name === code)?.[1];
      assert.ok(problem, `${file}: there is no problem ${code}`);
      assert.equal(status ?? problem.status, problem.status, `${file}: the status of ${code}`);
    }
  }
});

/** What the check says of a document at the top level. */
function problemsOf(text: string): string[] {
  const checked: Findings = { problems: [], links: 0, anchors: 0, tasks: 0, commands: 0, paths: 0 };
  checkDocument(ROOT, "README.md", text, checked);
  return checked.problems;
}

/** A fenced block of shell. */
function sh(...lines: string[]): string {
  return ["```sh", ...lines, "```", ""].join("\n");
}

Deno.test("checkDocument() names each thing that does not exist", () => {
  const cases: [text: string, problem: string][] = [
    ["[a](lib/none.ts)\n", "README.md: no file lib/none.ts"],
    ["[a](lib/)\n[b](#nowhere)\n", "README.md: no heading for #nowhere"],
    ["# One\n[a](SECURITY.md#two)\n", "README.md: no heading for SECURITY.md#two"],
    ["```\n# Not one\n```\n[a](#not-one)\n", "README.md: no heading for #not-one"],
    ["[a][b]\n\n[b]: none.md\n", "README.md: no file none.md"],
    ["`deno task nothing`\n", "README.md: no task nothing"],
    [sh("npx -y deno@2.9.6 task nothing"), "README.md: no task nothing"],
    [sh("deno task bench soak --swift"), "README.md: deno task bench has no --swift"],
    [sh("deno run -A scripts/none.ts"), "README.md: no file scripts/none.ts"],
    [sh("install -m 644 examples/none /etc"), "README.md: no file examples/none"],
    [sh("glossond frob"), "README.md: glossond has no command frob"],
    [sh("sudo glossond status --json --wacth"), "README.md: glossond status has no --wacth"],
    [sh("glossond cert frob"), "README.md: glossond cert has no frob"],
    [sh("glossond users block"), ""],
    [sh("glosson run --poll 3"), "README.md: glosson run has no --poll"],
    [sh("deno task client run \\", "  --uptsream x"), "README.md: glosson run has no --uptsream"],
    [sh("deno run -A examples/client/main.ts go"), "README.md: glosson has no command go"],
    [sh("deno run -A main.ts status --wach"), "README.md: glossond status has no --wach"],
    [sh("deno task serve # glossond nothing"), ""],
  ];
  for (const [text, problem] of cases) {
    assert.deepEqual(problemsOf(text), problem === "" ? [] : [problem], text);
  }
});

Deno.test("checkDocument() finds headings as they are linked to", () => {
  const text = "# It's `a` *b*, c_d: (e)\n[1](#its-a-b-c_d-e)\n## Twice\n## Twice\n[2](#twice-1)\n";
  assert.deepEqual(problemsOf(text), []);
});
