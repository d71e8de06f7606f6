/**
 * Makes a Debian package of the relay's executable, see `--help`.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import project from "../deno.json" with { type: "json" };
import { COMMANDS } from "../lib/command/commands.ts";
import { SHELLS } from "../lib/command/completion.ts";
import { readCommandLine, runScript } from "./command_line.ts";
import { architectureOf } from "./deb/architecture.ts";
import { LINTIAN_OVERRIDES, MAINTAINER_SCRIPTS } from "./deb/maintainer.ts";
import { manPage } from "./man_page.ts";
import { must } from "./run.ts";

const HELP = `Makes a Debian package of an executable that deno task compile made.

Usage: deno task deb [--executable FILE] [--out DIR] [--fast]

The package has the program, its unit, manual page and completions, the examples and
documents; glossond init then sets the relay up. Needs dpkg-deb.

Options:
  --executable FILE  instead of dist/glossond
  --out DIR          instead of dist
  --fast             larger, and made in a fraction of the time
`;

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const MAINTAINER = "glossond maintainers <glosson@kaylee.wtf>";

/** Documents and examples, by where they are in the repository and, since they name each other, in the package. */
const DOCUMENTS = [
  ...["README.md", "SECURITY.md", "get_bio.example.py"],
  ...[
    ...["OPERATING.md", "CODES.md", "PROTOCOL.md", "SCALE.md"],
    ...["settings.example", "secrets.example", "haproxy.cfg", "apache-vhost.conf", "Dockerfile"],
    ...["glossond.service", "glossond@.service", "on_trouble.example.py"],
    ...["README.md", "haproxy.cfg", "pg_hba.conf", "postgresql.conf", "settings.example"]
      .map((name) => `relays/${name}`),
    ...["alerts.yml", "alerts_test.yml", "grafana-dashboard.json", "prometheus.yml"]
      .map((name) => `monitoring/${name}`),
  ].map((name) => `examples/${name}`),
];

/** Where they are. */
const DOC = "usr/share/doc/glossond";

/** A folder that becomes the package. */
class Tree {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async write(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    const target = `${this.#dir}/${path}`;
    await Deno.mkdir(dirname(target), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(target, content);
    else await Deno.writeFile(target, content);
    await Deno.chmod(target, mode);
  }

  /** Compressed without a name or time of its own, so that the same text gives the same bytes. */
  async writeGzip(path: string, text: string): Promise<void> {
    await this.write(`${path}.gz`, gzipSync(text, { level: 9 }));
  }

  async copy(from: string, path: string, mode = 0o644): Promise<void> {
    await this.write(path, await Deno.readFile(from), mode);
  }
}

/** A unit as the package has it: its program is not in /usr/local, and there are documents of it. */
async function packagedUnit(name: string): Promise<string> {
  const text = await Deno.readTextFile(`${ROOT}examples/${name}`);
  return text.replace(/^#.*\n/gm, "").trimStart().replaceAll("/usr/local/bin/", "/usr/bin/")
    .replace(
      /^Description=.*\n/m,
      (line) => `${line}Documentation=man:glossond(8) file:///${DOC}/examples/OPERATING.md\n`,
    );
}

function control(architecture: string, kibibytes: number): string {
  return `Package: glossond
Version: ${project.version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${kibibytes}
Depends: libc6, libgcc-s1, python3, systemd (>= 250)
Suggests: haproxy, pdns-server
Section: net
Priority: optional
Description: relay that serves pages from home at names of a domain
 A person at home serves a page at https://username.BASE, encrypted from the
 visitor's browser to their own computer. The relay reads the host name of a
 visitor's first packet and passes encrypted bytes; while somebody is away it
 answers with an honest page of its own. It needs a domain whose zone PowerDNS
 or a server with dynamic updates holds, and runs beside HAProxy or alone.
`;
}

async function fill(tree: Tree, executable: string, date: string): Promise<void> {
  await tree.copy(executable, "usr/bin/glossond", 0o755);
  for (const name of ["glossond.service", "glossond@.service"]) {
    await tree.write(`lib/systemd/system/${name}`, await packagedUnit(name));
  }
  await tree.writeGzip("usr/share/man/man8/glossond.8", manPage());
  const places: [path: string, shell: string][] = [
    ["usr/share/bash-completion/completions/glossond", "bash"],
    ["usr/share/zsh/vendor-completions/_glossond", "zsh"],
    ["usr/share/fish/vendor_completions.d/glossond.fish", "fish"],
  ];
  for (const [path, shell] of places) await tree.write(path, SHELLS[shell]!(COMMANDS));
  for (const path of DOCUMENTS) await tree.copy(ROOT + path, `${DOC}/${path}`);
  await tree.write(`${DOC}/copyright`, await copyright());
  await tree.writeGzip(
    `${DOC}/changelog`,
    `glossond (${project.version}) stable; urgency=medium\n\n` +
      `  * What changed: CHANGELOG.md of the sources.\n\n -- ${MAINTAINER}  ${date}\n`,
  );
  await tree.write("usr/share/lintian/overrides/glossond", LINTIAN_OVERRIDES);
  for (const [name, text] of Object.entries(MAINTAINER_SCRIPTS)) {
    await tree.write(`DEBIAN/${name}`, text, 0o755);
  }
}

/** As machines read it (Debian's copyright-format 1.0). */
async function copyright(): Promise<string> {
  const [, holder = "", terms = ""] = /Copyright \(c\) (.*)\n\n([^]*)/
    .exec(await Deno.readTextFile(`${ROOT}LICENSE`)) ?? [];
  const lines = terms.trim().split("\n").map((line) => ` ${line.trim() || "."}\n`).join("");
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: glossond

Files: *
Copyright: ${holder}
License: Expat

License: Expat
${lines}`;
}

/** Makes the package as the command line says. */
async function main(): Promise<void> {
  const { values } = readCommandLine(HELP, {
    options: {
      executable: { type: "string", default: `${ROOT}dist/glossond` },
      out: { type: "string", default: `${ROOT}dist` },
      fast: { type: "boolean" },
    },
  });
  const dir = await Deno.makeTempDir({ prefix: "glossond-deb-" });
  try {
    await Deno.chmod(dir, 0o755);
    // The sources' time, so that the same sources make the same package.
    const time = (await must("git", ["log", "-1", "--format=%aD%n%at"], { cwd: ROOT })).split("\n");
    await fill(new Tree(dir), values.executable, time[0]!);
    const { size } = await Deno.stat(values.executable);
    const architecture = await architectureOf(values.executable);
    await Deno.writeTextFile(
      `${dir}/DEBIAN/control`,
      control(architecture, Math.ceil(size / 1024)),
    );
    const sums = await must("sh", ["-c", "find usr lib -type f | LC_ALL=C sort | xargs md5sum"], {
      cwd: dir,
    });
    await Deno.writeTextFile(`${dir}/DEBIAN/md5sums`, sums);
    await Deno.mkdir(values.out, { recursive: true });
    const file = `${values.out}/glossond_${project.version}_${architecture}.deb`;
    await must("dpkg-deb", [
      "--root-owner-group",
      ...values.fast ? ["-Zgzip", "-z1"] : ["-Zxz"],
      "--build",
      dir,
      file,
    ], {
      env: { SOURCE_DATE_EPOCH: time[1]! },
    });
    Deno.stdout.writeSync(new TextEncoder().encode(`${file}\n`));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) await runScript(main);
