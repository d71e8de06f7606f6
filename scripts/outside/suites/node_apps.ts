import { freePort } from "../../ports.ts";
import { beside, type Suite, type Verdicts, verdictsOf } from "../suite.ts";
import { besidePackages, npm } from "../tools.ts";
import { type World } from "../world.ts";

async function visit(world: World, program: string, ...args: string[]): Promise<Verdicts> {
  const { stdout, stderr } = await world.run(["node", await besidePackages(program), ...args]);
  const verdicts = verdictsOf(stdout);
  if (Object.keys(verdicts).length === 0) throw new Error(`${program} said ${stderr.slice(-300)}`);
  return verdicts;
}

/** A small app with one of the frameworks. */
function framework(name: string): Suite {
  return {
    name,
    tools: [npm],
    limitMs: 60_000,
    async run(world) {
      const port = freePort();
      const server = await besidePackages("frameworks_server.mjs");
      await world.start(["node", server, name, String(port)], port);
      const [direct, through] = await world.ways(name, port);
      return beside(
        await visit(world, "frameworks_visitor.mjs", name, direct.url),
        await visit(world, "frameworks_visitor.mjs", name, through.url),
      );
    },
  };
}

/** Real apps that run in Node. */
export const NODE_SUITES: Suite[] = [
  framework("fastify"),
  framework("express"),
  framework("hono"),
  {
    name: "socketio",
    tools: [npm],
    limitMs: 90_000,
    async run(world) {
      const port = freePort();
      await world.start(["node", await besidePackages("socket_io_server.mjs"), String(port)], port);
      const [direct, through] = await world.ways("socketio", port);
      return beside(
        await visit(world, "socket_io_visitor.mjs", direct.url),
        await visit(world, "socket_io_visitor.mjs", through.url),
      );
    },
  },
  {
    name: "vite",
    tools: [npm],
    limitMs: 60_000,
    async run(world) {
      const folder = `${world.dir}/site`;
      await Deno.mkdir(folder);
      await Deno.writeTextFile(
        `${folder}/index.html`,
        '<!doctype html><script type="module" src="/main.ts"></script>\n',
      );
      await Deno.writeTextFile(`${folder}/main.ts`, "const n: number = 1;\nconsole.log(n);\n");
      const port = freePort();
      const server = await besidePackages("vite_server.mjs");
      await world.start(["node", server, String(port), folder], port);
      const [direct, through] = await world.ways("vite", port);
      return beside(
        await visit(world, "vite_visitor.mjs", direct.url, folder),
        await visit(world, "vite_visitor.mjs", through.url, folder),
      );
    },
  },
];
