import { freePort } from "../../ports.ts";
import { beside, type Suite, verdictsOf } from "../suite.ts";
import { besidePackages, goSource, npm, pip, PROGRAMS, pythonBin } from "../tools.ts";
import { type World } from "../world.ts";

const gorilla = goSource("gorilla", "github.com/gorilla/websocket@v1.5.3");

/** Starts the echo server of npm ws. */
export async function startEcho(world: World): Promise<number> {
  const port = freePort();
  await world.start(["node", await besidePackages("ws_echo.mjs"), String(port)], port);
  return port;
}

/** A visitor program with an echo server of npm ws. */
function echoSuite(name: string, tools: Suite["tools"], visitor: () => Promise<string[]>): Suite {
  return {
    name,
    tools: [npm, ...tools],
    limitMs: 90_000,
    async run(world) {
      const argv = await visitor();
      const [direct, through] = await world.ways(name, await startEcho(world));
      const visit = async (url: string) => verdictsOf((await world.run([...argv, url])).stdout);
      return beside(await visit(direct.url), await visit(through.url));
    },
  };
}

/** WebSockets by the libraries that people use. */
export const WEB_SOCKET_SUITES: Suite[] = [
  echoSuite("ws", [], async () => ["node", await besidePackages("ws_visitor.mjs")]),
  echoSuite(
    "websockets",
    [pip("websockets", "websockets==15.0.1")],
    () => Promise.resolve([`${pythonBin("websockets")}/python`, `${PROGRAMS}ws_visitor.py`]),
  ),
  {
    name: "gorilla",
    tools: [gorilla],
    limitMs: 60_000,
    async run(world) {
      const port = freePort();
      await world.start([gorilla.path, "serve", String(port)], port);
      const [direct, through] = await world.ways("gorilla", port);
      const visit = async (url: string) =>
        verdictsOf((await world.run([gorilla.path, "visit", url])).stdout);
      return beside(await visit(direct.url), await visit(through.url));
    },
  },
];
