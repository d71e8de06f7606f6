import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A release workflow, read as text: each job from its name to the next one's. */
interface Workflow {
  path: string;
  text: string;
  /** What stands before the jobs. */
  head: string;
  jobs: Map<string, string>;
}

const WORKFLOWS = [...files(".github/workflows"), ...files(".forgejo/workflows")].map(read);

function files(folder: string): string[] {
  return [...Deno.readDirSync(ROOT + folder)].map(({ name }) => `${folder}/${name}`);
}

function read(path: string): Workflow {
  const text = Deno.readTextFileSync(ROOT + path);
  const [head = "", body = ""] = text.split(/^jobs:\n/m);
  const jobs = new Map<string, string>();
  for (const part of body.split(/^(?= {2}[\w-]+:\n)/m)) {
    const name = /^ {2}([\w-]+):\n/.exec(part)?.[1];
    if (name !== undefined) jobs.set(name, part);
  }
  return { path, text, head, jobs };
}

/** The value of each line with this key, comments included. */
function values(text: string, key: string): string[] {
  return [...text.matchAll(new RegExp(`^[ -]*${key}: (.*)$`, "gm"))].map((match) => match[1]!);
}

for (const { path, text, head, jobs } of WORKFLOWS) {
  Deno.test(`${path} pins every action and image by its hash`, () => {
    const actions = values(text, "uses");
    assert.ok(actions.length > 0);
    for (const action of actions) assert.match(action, /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    for (const image of values(text, "image")) assert.match(image, /@sha256:[0-9a-f]{64}$/);
    for (const runner of values(text, "runs-on")) assert.doesNotMatch(runner, /latest/);
  });

  Deno.test(`${path} takes no package but those of the lock file`, () => {
    // Tasks call Deno by themselves; these two settings hold in every one of them.
    assert.deepEqual(project.lock, { path: "./deno.lock", frozen: true });
    const calls = [...text.matchAll(/\$DENO (\w+)([^|&]*)/g)];
    assert.ok(calls.length > 3);
    for (const [call, command, rest] of calls) {
      if (command !== "task") assert.match(rest!, /^ --frozen /, call);
    }
    assert.doesNotMatch(text, /--frozen=false|--no-lock|npm (install|i|ci)\b/);
    const [runtime] = values(head, "DENO");
    assert.ok(runtime, "no version of Deno");
    assert.ok(Deno.readTextFileSync(`${ROOT}.ci/run`).includes(`deno=$(${runtime} `), runtime);
    assert.doesNotMatch(jobs.values().toArray().join(""), /npx /);
  });

  Deno.test(`${path} lets one job write, which builds and tests nothing`, () => {
    assert.deepEqual(values(head, "permissions"), ["{}"]);
    const writing = [...jobs].filter(([, job]) => /: write$/m.test(job)).map(([name]) => name);
    assert.deepEqual(writing, ["publish"]);
    for (const [name, job] of jobs) {
      const permissions = /^ {4}permissions:\n((?: {6}.*\n)+)/m.exec(job)?.[1];
      assert.equal(permissions, `      contents: ${name === "publish" ? "write" : "read"}\n`);
      // The token is named where it publishes alone, and no checkout leaves one behind.
      if (name !== "publish") assert.doesNotMatch(job, /github\.token|secrets\./);
      const checkouts = job.split("actions/checkout@").length - 1;
      assert.equal(job.split("persist-credentials: false").length - 1, checkouts);
    }
    const publish = jobs.get("publish")!;
    assert.match(publish, /^ {4}needs: build$/m);
    assert.match(publish, /sha256sum --check/);
    assert.doesNotMatch(publish, /\$DENO (task|test|compile|cache|install)/);
    for (const run of publish.matchAll(/\$DENO run.*/g)) assert.match(run[0], / --no-npm /);
  });
}
