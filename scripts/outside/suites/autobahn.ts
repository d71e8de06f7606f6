import { existsSync } from "node:fs";
import { must } from "../../run.ts";
import { beside, type Suite, type Tool, type Verdicts } from "../suite.ts";
import { besidePackages, CACHE, npm } from "../tools.ts";
import { freePort } from "../../ports.ts";
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

/** A close frame without a code may be answered with one or without: each of the two does it its own way. */
const EITHER_WAY = ["7.3.1"];

/** What the protocol of WebSockets has for every end, whatever is said on it. */
const OF_THE_PROTOCOL = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"];

/**
 * Autobahn's client against the relay's control WebSocket, beside a server of npm ws that takes the same
 * messages. Neither is an echo, as most cases would have it: what counts is that both close alike.
 */
export const AUTOBAHN_CONTROL: Suite = {
  name: "autobahn-control",
  tools: [npm, autobahn],
  limitMs: 120_000,
  async run(world) {
    const port = freePort();
    await world.start(["node", await besidePackages("ws_control.mjs"), String(port)], port);
    await world.ways("autobahn-control", port);
    const control = world.withoutTls(`relay.${world.base}`, world.relay.ports.hub, "http/1.1", [
      `Authorization: Bearer ${await world.tokenOf("autobahn-control")}`,
    ]);
    const parts = { main: { cases: OF_THE_PROTOCOL, "exclude-cases": EITHER_WAY } };
    const both = await Promise.all([
      cases(world, "direct", `http://127.0.0.1:${port}`, parts, asClosed),
      cases(world, "through", `http://relay.${world.base}:${control}/v1/control`, parts, asClosed),
    ]);
    return beside(...both as [Verdicts, Verdicts]);
  },
};

/** What the suite says of a case. */
interface Result {
  behavior: string;
  behaviorClose: string;
  remoteCloseCode: number | null;
}

function asPassed({ behavior, behaviorClose }: Result): string {
  const good = PASSED.includes(behavior) && PASSED.includes(behaviorClose);
  return good ? "ok" : `${behavior}, close ${behaviorClose}`;
}

/** Codes for what may not be: of bad frames, bad text, a message too long, and bad messages. */
const REFUSALS = [1002, 1007, 1009, 4400];

/** Of two faults that come together either may be told. */
function asClosed({ remoteCloseCode }: Result): string {
  return REFUSALS.includes(remoteCloseCode ?? 0) ? "refused" : `closed with ${remoteCloseCode}`;
}

const ALL = {
  main: { cases: ["*"], "exclude-cases": LEFT_OUT },
  some: { cases: KEPT, "exclude-cases": [] },
};

async function cases(
  world: World,
  agent: string,
  url: string,
  parts: Record<string, { cases: string[]; "exclude-cases": string[] }> = ALL,
  verdictOf: (result: Result) => string = asPassed,
): Promise<Verdicts> {
  const verdicts: Verdicts = {};
  for (const [part, select] of Object.entries(parts)) {
    const dir = `${world.dir}/${agent}-${part}`;
    await Deno.mkdir(dir);
    const spec = {
      outdir: `${dir}/reports`,
      servers: [{ agent, url: url.replace(/^http/, "ws"), protocols: ["glosson.v1"] }],
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
    const results = JSON.parse(report) as Record<string, Record<string, Result>>;
    for (const [name, result] of Object.entries(results[agent] ?? {})) {
      verdicts[name] = verdictOf(result);
    }
  }
  return verdicts;
}
