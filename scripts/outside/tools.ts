import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { must, type RunOptions } from "../run.ts";
import type { Tool } from "./suite.ts";

/** Where what is installed for the suites stays from run to run. */
export const CACHE = Deno.env.get("GLOSSOND_OUTSIDE_CACHE") ??
  `${
    Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/tmp"}/.cache`
  }/glossond-outside`;

/** Programs of ours that the suites run: servers and visitors in other languages. */
export const PROGRAMS = fileURLToPath(new URL("programs/", import.meta.url));

/** How long one installation may take, milliseconds. */
const INSTALL_MS = 180_000;

/** Runs a command of an installation. */
async function step(program: string, args: string[], options: RunOptions = {}): Promise<void> {
  await must(program, args, { signal: AbortSignal.timeout(INSTALL_MS), ...options });
}

/** A program that is there, or not: nothing installs it. */
export function present(name: string, path: string): Tool {
  return {
    name,
    isThere: () => existsSync(path),
    install: () => Promise.reject(new Error(`Cannot install ${name}: there is no ${path}`)),
  };
}

/** A package of Debian's, by a file that it brings. */
export function debian(name: string, file: string): Tool {
  return {
    name,
    isThere: () => existsSync(file),
    async install() {
      // In runlevel 1 no package starts its service: suites start their own.
      const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
      const wait = ["-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"];
      await step("apt-get", [...wait, "update"], { env });
      await step("apt-get", [...wait, "install", "--yes", "--no-install-recommends", name], {
        env,
      });
    },
  };
}

/** The folder of programs of a Python environment of a suite. */
export function pythonBin(environment: string): string {
  return `${CACHE}/python-${environment}/bin`;
}

/** Python packages, with their versions, in an environment of their own. */
export function pip(environment: string, ...packages: string[]): Tool {
  const dir = `${CACHE}/python-${environment}`;
  const done = `${dir}/${packages.join(",").replaceAll("/", "_")}.done`;
  return {
    name: packages[0]!.split("==")[0]!,
    isThere: () => existsSync(done),
    async install() {
      await step("python3", ["-m", "venv", "--clear", dir]);
      await step(`${dir}/bin/python`, [
        ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
        ...packages,
      ]);
      await Deno.writeTextFile(done, "");
    },
  };
}

/** What the client in Python needs. */
export const pythonGlosson = pip("glosson", "websockets==15.0.1", "cryptography==49.0.0");

/** Folder of npm packages, into which programs that use them are copied. */
const NODE_DIR = `${CACHE}/node`;

/** Every npm package of a suite, with its version: one folder has them all. */
const NPM_PACKAGES = [
  "ws@8.23.0",
  "socket.io@4.8.4",
  "socket.io-client@4.8.4",
  "vite@8.3.8",
  "fastify@5.12.8",
  "express@5.3.0",
  "hono@4.13.19",
  "@hono/node-server@2.1.9",
];

/** The npm packages of the suites. */
export const npm: Tool = {
  name: "npm packages",
  isThere: () => existsSync(`${NODE_DIR}/${NPM_PACKAGES.join(",").replaceAll("/", "_")}.done`),
  async install() {
    await Deno.mkdir(NODE_DIR, { recursive: true });
    await Deno.writeTextFile(`${NODE_DIR}/package.json`, '{ "private": true }\n');
    const args = ["install", "--silent", "--no-audit", "--no-fund", ...NPM_PACKAGES];
    await step("npm", args, { cwd: NODE_DIR });
    await Deno.writeTextFile(`${NODE_DIR}/${NPM_PACKAGES.join(",").replaceAll("/", "_")}.done`, "");
  },
};

/** A program of ours that uses npm packages, put beside them; its path there. */
export async function besidePackages(program: string): Promise<string> {
  for (const file of [program, "cases.mjs"]) {
    await Deno.copyFile(`${PROGRAMS}${file}`, `${NODE_DIR}/${file}`);
  }
  return `${NODE_DIR}/${program}`;
}

/** A program in Go by its module and version. */
export function goProgram(name: string, module: string): GoTool {
  return goTool(name, () => step("go", ["install", module], { env: { GOBIN: `${CACHE}/go` } }));
}

/** A program in Go of ours with modules of others. */
export function goSource(name: string, ...modules: string[]): GoTool {
  return goTool(name, async (path) => {
    const cwd = await Deno.makeTempDir({ prefix: "glossond-outside-go-" });
    try {
      await Deno.copyFile(`${PROGRAMS}${name}.go`, `${cwd}/main.go`);
      await step("go", ["mod", "init", name], { cwd });
      await step("go", ["get", ...modules], { cwd });
      await step("go", ["build", "-o", path, "."], { cwd });
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  });
}

type GoTool = Tool & { path: string };

function goTool(name: string, install: (path: string) => Promise<void>): GoTool {
  const path = `${CACHE}/go/${name}`;
  return { name, path, slow: true, isThere: () => existsSync(path), install: () => install(path) };
}
