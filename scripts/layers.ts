/**
 * Checks that imports point one way: main, commands, daemon, the rooms, the ground floor (net, file,
 * wire, log); and that each folder has one file that says at its head what the folder is for
 * (`@module`).
 *
 * Run as `deno run --allow-read scripts/layers.ts`; exits 1 and names each import and folder that does
 * not.
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What every room may import: the ground floor, which knows nothing of the rooms. */
const GROUND = ["lib/wire", "lib/net", "lib/file", "lib/log.ts"];

/** What survives the process, by its interfaces; opening it is for the daemon and the commands. */
const STORE = [
  ...["store", "accounts", "acts", "caa", "claims", "domains", "figures"],
  ...["limits", "names", "online_times", "orders", "profiles", "rests", "shared_turn"],
]
  .map((name) => `lib/store/${name}.ts`);

/** What nobody but its own room may import, whatever else they may: an implementation. */
const PRIVATE: Record<string, readonly string[]> = {
  "lib/store/sqlite": ["lib/store"],
  "lib/store/postgres": ["lib/store", "lib/cluster/postgres"],
};

/** What files of a place may import; a place is a folder, or a file for those that stand alone. */
const ALLOWED: Record<string, readonly string[]> = {
  "main.ts": [
    ...["lib/command", "lib/config", "lib/wire"],
    ...["lib/log_writer.ts", "lib/text_output.ts", "lib/version.ts"],
  ],
  "lib/command": ["lib"],
  "lib/doctor": ["lib"],
  "lib/daemon.ts": ["lib"],
  // The daemon's own rooms: they join parts like it does.
  "lib/daemon": ["lib"],
  "lib/authority.ts": [
    ...["lib/acme", "lib/certificate", "lib/dns", "lib/dns_provider.ts", "lib/config"],
    "lib/store/shared_turn.ts",
    ...[...GROUND, "lib/version.ts"],
  ],
  "lib/dns_provider.ts": ["lib/dns", "lib/config"],
  "lib/store_place.ts": ["lib/config", "lib/store"],
  "lib/visitor": [...GROUND, "lib/config/values.ts"],
  "lib/api": [...GROUND, "lib/session", "lib/store/error.ts"],
  "lib/cluster/postgres": ["lib/cluster", "lib/net/pause.ts", "lib/store/postgres"],
  "lib/cluster": [...GROUND, "lib/session"],
  "lib/session": GROUND,
  "lib/account": [...GROUND, ...STORE],
  "lib/issuance": [...GROUND, "lib/certificate", "lib/pki", ...STORE, "lib/store/error.ts"],
  "lib/acme": [
    ...[...GROUND, "lib/certificate/authority.ts", "lib/config/values.ts", "lib/dns", "lib/pki"],
    ...["lib/store/caa.ts", "lib/store/shared_turn.ts"],
  ],
  "lib/certificate": [...GROUND, "lib/pki"],
  "lib/dns": [...GROUND, ...STORE, "lib/config/values.ts"],
  "lib/pki": ["lib/wire"],
  "lib/page": [...GROUND, "lib/look"],
  "lib/look": ["lib/wire"],
  "lib/admin": GROUND,
  "lib/processes": GROUND,
  "lib/trouble": GROUND,
  "lib/store": ["lib/file", "lib/net/pace.ts", "lib/net/pause.ts", "lib/wire"],
  "lib/init": [
    ...["lib/config", "lib/file", "lib/wire", "get_bio.example.py"],
    ...["apache-vhost.conf", "glossond.service", "haproxy.cfg"].map((name) => `examples/${name}`),
  ],
  "lib/config": ["lib/log.ts", "lib/wire"],
  "lib/net": ["lib/wire", "lib/log.ts"],
  "lib/file": [],
  "lib/wire": [],
  "lib/log.ts": ["lib/wire"],
  "lib/log_writer.ts": [],
  "lib/paint.ts": [],
  "lib/text_output.ts": ["lib/paint.ts", "lib/wire"],
  "lib/version.ts": ["deno.json", "lib/build.json"],
  "examples/conformance": ["lib/wire", "lib/net", "lib/pki"],
  "examples/client": [
    ...[
      "lib/wire",
      "lib/net",
      "lib/pki",
      "lib/look",
      "lib/log.ts",
      "lib/log_writer.ts",
      "lib/paint.ts",
      "lib/text_output.ts",
      "deno.json",
    ],
    // What speaks with an ACME server, whoever's account it is.
    ...["finalize", "objects", "poll", "problem", "renewal_info", "session", "transport"].map((
      name,
    ) => `lib/acme/${name}.ts`),
  ],
};

const IMPORT =
  /^\s*(?:import|export)\b[^"']*?\bfrom\s+["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']\s*\)/gm;

/** A file that begins with what its folder is for. */
const HEAD = /^\/\*\*(?:(?!\*\/)[^])*@module\b/;

const problems: string[] = [];
let imports = 0;
/** Files with a head, by their folder. */
const heads = new Map<string, string[]>();
for (const file of [join(ROOT, "main.ts"), ...sources("lib"), ...sources("examples")]) {
  const from = relative(ROOT, file);
  const place = Object.keys(ALLOWED).find((p) => isWithin(from, p));
  if (place === undefined) {
    problems.push(`${from} has no layer: give it one in scripts/layers.ts`);
    continue;
  }
  const text = Deno.readTextFileSync(file);
  const folder = dirname(from);
  const headed = heads.get(folder) ?? [];
  if (HEAD.test(text)) headed.push(from);
  heads.set(folder, headed);
  for (const match of text.matchAll(IMPORT)) {
    imports++;
    const to = relative(ROOT, join(dirname(file), (match[1] ?? match[2])!));
    for (const [inside, rooms] of Object.entries(PRIVATE)) {
      if (isWithin(to, inside) && !rooms.some((room) => isWithin(from, room))) {
        problems.push(`${from} imports ${to}, which is for ${rooms.join(", ")} alone`);
      }
    }
    const allowed = [place, ...ALLOWED[place]!];
    if (!allowed.some((p) => isWithin(to, p))) {
      problems.push(`${from} imports ${to}, but ${place} may import only ${allowed.join(", ")}`);
    }
  }
}
for (const [folder, headed] of heads) {
  if (headed.length === 1 || folder === ".") continue;
  problems.push(
    headed.length === 0
      ? `${folder} has no head: begin the file to be read first with /** what the folder is for @module */`
      : `${folder} has more than one head: ${headed.join(", ")}`,
  );
}
if (imports === 0) problems.push("no import was found: the check does not work");
const out = problems.length > 0 ? Deno.stderr : Deno.stdout;
const lines = problems.length > 0
  ? problems
  : [`layers: ${imports} imports point one way, ${heads.size - 1} folders have a head`];
out.writeSync(new TextEncoder().encode(lines.join("\n") + "\n"));
Deno.exit(problems.length > 0 ? 1 : 0);

function isWithin(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

function sources(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return sources(path);
    return /\.tsx?$/.test(entry.name) ? [join(ROOT, path)] : [];
  });
}
