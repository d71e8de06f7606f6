import { existsSync } from "node:fs";
import { must } from "../../run.ts";

/** Where the tunnels' programs stay from run to run. */
const CACHE = `${
  Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/tmp"}/.cache`
}/glossond-bench`;

/** How long a program may take to build, milliseconds. */
const BUILD_MS = 600_000;

/** What a tunnel is made of: programs of one version, by the package manager that has them. */
export interface Programs {
  version: string;
  /** Builds what is not in the cache; the folder that the programs are in. */
  build(): Promise<string>;
}

async function once(dir: string, build: () => Promise<void>): Promise<string> {
  const done = `${dir}/.done`;
  if (existsSync(done)) return dir;
  await Deno.mkdir(dir, { recursive: true });
  await build();
  await Deno.writeTextFile(done, "");
  return dir;
}

/** Runs a step of a build, after everybody else: what is measured beside it should not notice. */
async function step(args: string[], cwd?: string): Promise<string> {
  const signal = AbortSignal.timeout(BUILD_MS);
  return await must("nice", ["-n", "19", ...args], { signal, ...cwd !== undefined && { cwd } });
}

/**
 * Programs of a crate.
 *
 * @param flags of `cargo install`. @default {["--locked"]}
 */
export function cargo(crate: string, version: string, flags = ["--locked"]): Programs {
  const dir = `${CACHE}/${crate}-${version}`;
  return {
    version,
    build: () =>
      once(dir, async () => {
        await step(["cargo", "install", ...flags, "--root", dir, `${crate}@${version}`]);
      }).then(() => `${dir}/bin`),
  };
}

/**
 * Programs of a Go module, built within it: by its own go.sum, and also where its go.mod replaces
 * modules, which `go install` refuses.
 *
 * @param packages of its programs, from the module's folder.
 */
export function go(module: string, version: string, ...packages: string[]): Programs {
  const dir = `${CACHE}/${module.replaceAll("/", "_")}-${version}`;
  return {
    version,
    build: () =>
      once(dir, async () => {
        const found = JSON.parse(
          await step(["go", "mod", "download", "-json", `${module}@${version}`], dir),
        ) as { Dir: string };
        const source = `${dir}/source`;
        // The cache of modules is read-only, and a build writes beside what it builds.
        await step(["cp", "-r", "--no-preserve=mode", found.Dir, source]);
        await step(["go", "build", "-buildvcs=false", "-o", `${dir}/`, ...packages], source);
        await Deno.remove(source, { recursive: true });
      }),
  };
}

/** A Python of its own for a package, and what it needs. */
export function pip(name: string, version: string): Programs {
  const dir = `${CACHE}/${name}-${version}`;
  return {
    version,
    build: () =>
      once(dir, async () => {
        await step(["python3", "-m", "venv", dir]);
        await step([`${dir}/bin/pip`, "install", "--quiet", `${name}==${version}`]);
      }).then(() => `${dir}/bin`),
  };
}
