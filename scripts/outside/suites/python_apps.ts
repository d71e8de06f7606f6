import { freePort } from "../../ports.ts";
import { beside, type Suite, type Verdicts, verdictsOf } from "../suite.ts";
import { pip, PROGRAMS, pythonBin } from "../tools.ts";
import { type World } from "../world.ts";

/** Runs a visitor of ours in Python, and reads its verdicts. */
export async function visit(
  world: World,
  python: string,
  program: string,
  ...args: string[]
): Promise<Verdicts> {
  const { stdout, stderr } = await world.run([python, `${PROGRAMS}${program}`, ...args]);
  const verdicts = verdictsOf(stdout);
  if (Object.keys(verdicts).length === 0) throw new Error(`${program} said ${stderr.slice(-300)}`);
  return verdicts;
}

/** Real apps in Python. */
export const PYTHON_SUITES: Suite[] = [
  {
    name: "django",
    tools: [pip("django", "django==5.2.8", "requests==2.32.5")],
    limitMs: 90_000,
    async run(world) {
      const python = `${pythonBin("django")}/python`;
      const port = freePort();
      await world.start([python, `${PROGRAMS}django_site.py`, String(port)], port);
      const [direct, through] = await world.ways("django", port);
      return beside(
        await visit(world, python, "django_visitor.py", direct.url),
        await visit(world, python, "django_visitor.py", through.url),
      );
    },
  },
  {
    name: "jupyter",
    tools: [
      pip(
        "jupyter",
        "jupyter-server==2.17.0",
        "ipykernel==7.1.0",
        "requests==2.32.5",
        "websocket-client==1.9.0",
      ),
    ],
    limitMs: 120_000,
    async run(world) {
      const bin = pythonBin("jupyter");
      const port = freePort();
      const token = "secret-of-this-test";
      await world.start(
        [
          ...[`${bin}/jupyter-server`, "--no-browser", "--allow-root"],
          ...["--ServerApp.ip=127.0.0.1", `--ServerApp.port=${port}`],
          ...[`--IdentityProvider.token=${token}`, `--ServerApp.root_dir=${world.dir}`],
          // What its documentation asks for behind any proxy.
          "--ServerApp.allow_remote_access=True",
        ],
        port,
        { env: { PATH: `${bin}:/usr/bin:/bin` } },
      );
      const [direct, through] = await world.ways("jupyter", port);
      return beside(
        await visit(world, `${bin}/python`, "jupyter_visitor.py", direct.url, token),
        await visit(world, `${bin}/python`, "jupyter_visitor.py", through.url, token),
      );
    },
  },
];
