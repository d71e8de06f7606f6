import { PROXIES } from "../../behaviours/proxies.ts";
import { freePort } from "../../ports.ts";
import { beside, type Case, type Suite, type Verdicts } from "../suite.ts";
import { debian, goProgram } from "../tools.ts";
import { type Way, type World } from "../world.ts";
import { startPages } from "./pages.ts";

const h2spec = goProgram("h2spec", "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible");
const nginx = debian("nginx", "/usr/sbin/nginx");
const h2load = debian("nghttp2-client", "/usr/bin/h2load");
const wrk = debian("wrk", "/usr/bin/wrk");

/** Puts nginx with TLS and HTTP/2 before the app, to be measured in the place of glosson. */
async function startNginx(world: World, name: string, hostname: string, app: number): Promise<Way> {
  const port = freePort();
  const proxy = PROXIES.find((proxy) => proxy.name === "nginx")!;
  const dir = `${world.dir}/nginx`;
  await Deno.mkdir(dir);
  const config = proxy.config({ port, app, identity: world.identityOf(name), dir, hostname });
  await Deno.writeTextFile(`${dir}/config`, config);
  await world.start([proxy.program, ...proxy.args(`${dir}/config`, dir)], port);
  return { url: `https://${hostname}:${port}`, hostname, port };
}

/** h2spec's failed and passed tests, by section and title. */
async function spec(world: World, { hostname, port }: Way): Promise<Verdicts> {
  const plain = world.withoutTls(hostname, port, "h2");
  const report = `${world.dir}/${port}.xml`;
  // A body of more than a window of the server's own, as some tests want it.
  const args = ["-h", hostname, "-p", String(plain), "-P", "/large", "-o", "2", "-j", report];
  const { stderr } = await world.run([h2spec.path, ...args]);
  const xml = await Deno.readTextFile(report).catch(() => {
    throw new Error(`Cannot read h2spec's report: ${stderr.slice(-300)}`);
  });
  const verdicts: Verdicts = {};
  const test = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*?(\/>|>([^]*?)<\/testcase>)/g;
  for (const [, section, title, , inside = ""] of xml.matchAll(test)) {
    if (inside.includes("<skipped")) continue;
    verdicts[`${section} ${title}`] = /<(failure|error)/.test(inside) ? "failed" : "ok";
  }
  return verdicts;
}

/** HTTP/2 of the client's front, and load on it. */
export const HTTP2_SUITES: Suite[] = [
  {
    name: "h2spec",
    tools: [h2spec, nginx],
    limitMs: 180_000,
    async run(world) {
      const app = await startPages(world);
      const [, through] = await world.ways("h2spec", app);
      // The app speaks no HTTP/2: nginx before it is what glosson has to be as good as.
      return beside(
        await spec(world, await startNginx(world, "h2spec", through.hostname, app)),
        await spec(world, through),
      );
    },
  },
  {
    name: "h2load",
    tools: [h2load],
    limitMs: 60_000,
    async run(world) {
      const [direct, through] = await world.ways("h2load", await startPages(world));
      const cases: Case[] = [];
      for (
        const [what, path, args] of [
          ["2,000 small answers, HTTP/1.1", "/small", ["-n", "2000", "-c", "20", "--h1"]],
          ["40 of a mebibyte, HTTP/1.1", "/large", ["-n", "40", "-c", "4", "--h1"]],
          ["2,000 small answers, HTTP/2", "/small", ["-n", "2000", "-c", "10", "-m", "20"]],
          ["40 of a mebibyte, HTTP/2", "/large", ["-n", "40", "-c", "4", "-m", "4"]],
        ] as const
      ) {
        const h1 = args.some((arg) => arg === "--h1");
        const load = async ({ url }: Way): Promise<string> => {
          const { stdout } = await world.run(["h2load", ...args, `${url}${path}`]);
          const count = /requests: (\d+) total.*?(\d+) succeeded/.exec(stdout);
          const status = /status codes: (\d+) 2xx/.exec(stdout);
          if (count === null) return "no report";
          return count[1] === count[2] && status?.[1] === count[1] ? "ok" : `${count[2]} succeeded`;
        };
        cases.push({
          what,
          direct: h1 ? await load(direct) : "ok",
          through: await load(through),
        });
      }
      return cases;
    },
  },
  {
    name: "wrk",
    tools: [wrk],
    limitMs: 60_000,
    async run(world) {
      const [direct, through] = await world.ways("wrk", await startPages(world));
      const cases: Case[] = [];
      for (
        const [what, path, connections] of [
          ["20 connections, small answers", "/small", "20"],
          ["100 connections, small answers", "/small", "100"],
          ["8 connections, a mebibyte each", "/large", "8"],
        ] as const
      ) {
        const load = async ({ url }: Way): Promise<string> => {
          const args = [
            "-t",
            "1",
            "-c",
            connections,
            "-d",
            "3s",
            "--timeout",
            "5s",
            `${url}${path}`,
          ];
          const { stdout } = await world.run(["wrk", ...args]);
          const errors = /Socket errors: (.*)|Non-2xx.*: (\d+)/.exec(stdout);
          if (errors !== null) return errors[0];
          return /(\d+) requests in/.test(stdout) ? "ok" : "no report";
        };
        cases.push({ what, direct: await load(direct), through: await load(through) });
      }
      return cases;
    },
  },
];
