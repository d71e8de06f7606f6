import { existsSync } from "node:fs";
import { must } from "../../run.ts";
import { beside, type Suite, type Tool, type Verdicts } from "../suite.ts";
import { CACHE, npm } from "../tools.ts";
import type { World } from "../world.ts";
import { startEcho } from "./web_sockets.ts";

const VERSION = "25.10.1";
const PACKAGES = `${CACHE}/autobahn-${VERSION}`;

/** Cases that are left out for their time: minutes of compressing, and limits of speed. */
const LEFT_OUT = ["9.3.*", "9.4.*", "9.7.*", "9.8.*", "12.*", "13.*"];

/** Some of those after all: compressed messages, each size and window once. */
const KEPT = ["12.1.3", "12.2.5", "12.5.3", "13.1.3", "13.3.5", "13.7.3"];

/** What counts as passed; the second is when a fault is told sooner or later than it could be. */
const PASSED = ["OK", "NON-STRICT", "INFORMATIONAL"];

/** Where a Python 2.7 is, which the suite is written in. */
async function python2(): Promise<string | undefined> {
  const root = Deno.env.get("PYENV_ROOT") ?? `${Deno.env.get("HOME") ?? ""}/.pyenv`;
  const folders = await Array.fromAsync(Deno.readDir(`${root}/versions`)).catch(() => []);
  const versions = folders.map(({ name }) => name).filter((name) => name.startsWith("2.7."));
  const places = [
    ...versions.map((name) => `${root}/versions/${name}/bin/python`),
    "/usr/bin/python2.7",
  ];
  for (const place of places) {
    if (existsSync(place)) return place;
  }
}

const autobahn: Tool = {
  name: "autobahntestsuite",
  isThere: async () => await python2() !== undefined && existsSync(`${PACKAGES}/.done`),
  async install() {
    const python = await python2();
    if (python === undefined) {
      throw new Error("Cannot install autobahntestsuite: it needs Python 2.7, which is not here");
    }
    const packages = ["--target", PACKAGES, `autobahntestsuite==${VERSION}`];
    await must(python, ["-m", "pip", "install", "-q", ...packages]);
    await Deno.writeTextFile(`${PACKAGES}/.done`, "");
  },
};

/** Autobahn's client against the echo server of npm ws. */
export const AUTOBAHN: Suite = {
  name: "autobahn",
  tools: [npm, autobahn],
  limitMs: 240_000,
  async run(world) {
    const [direct, through] = await world.ways("autobahn", await startEcho(world));
    // The suite is older than SNI in its libraries.
    const port = world.withoutTls(through.hostname, through.port, "http/1.1");
    const both = await Promise.all([
      cases(world, "direct", direct.url),
      cases(world, "through", `http://${through.hostname}:${port}`),
    ]);
    return beside(...both as [Verdicts, Verdicts]);
  },
};

async function cases(world: World, agent: string, url: string): Promise<Verdicts> {
  const verdicts: Verdicts = {};
  for (
    const [part, select] of [
      ["main", { cases: ["*"], "exclude-cases": LEFT_OUT }],
      ["some", { cases: KEPT, "exclude-cases": [] }],
    ] as const
  ) {
    const dir = `${world.dir}/${agent}-${part}`;
    await Deno.mkdir(dir);
    const spec = {
      outdir: `${dir}/reports`,
      servers: [{ agent, url: url.replace(/^http/, "ws") }],
      "exclude-agent-cases": {},
      ...select,
    };
    await Deno.writeTextFile(`${dir}/spec.json`, JSON.stringify(spec));
    // A site folder, since packages of one name are in several places there.
    const run = `import site; site.addsitedir("${PACKAGES}"); ` +
      "import autobahntestsuite.wstest as wstest; wstest.run()";
    const python = (await python2())!;
    const said = await world.run(
      [python, "-c", run, "--mode", "fuzzingclient", "--spec", `${dir}/spec.json`],
      { cwd: dir },
    );
    const report = await Deno.readTextFile(`${dir}/reports/index.json`).catch(() => {
      throw new Error(`Cannot read Autobahn's report: ${said.stderr.slice(-300)}`);
    });
    const results = JSON.parse(report) as Record<
      string,
      Record<string, { behavior: string; behaviorClose: string }>
    >;
    for (const [name, { behavior, behaviorClose }] of Object.entries(results[agent] ?? {})) {
      const good = PASSED.includes(behavior) && PASSED.includes(behaviorClose);
      verdicts[name] = good ? "ok" : `${behavior}, close ${behaviorClose}`;
    }
  }
  return verdicts;
}
