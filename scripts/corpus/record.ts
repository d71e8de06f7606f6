/**
 * Records the ClientHellos of real clients for `tests/wire/corpus`, see `--help`.
 *
 * Each client connects to a server on 127.0.0.1 that keeps its first bytes and answers nothing; the
 * same bytes then go to a server with OpenSSL, which tells what it reads out of them.
 */

// deno-lint-ignore-file no-console -- a script tells its terminal
import { OpensslServer } from "../../tests/wire/openssl.ts";
import { type Recording, writeRecording } from "../../tests/wire/recording.ts";
import { run } from "../run.ts";
import type { Client } from "./client.ts";
import { CLIENTS } from "./clients.ts";
import { readCommandLine } from "../command_line.ts";

/** How long a client may take to connect: browsers and compilers start slowly. */
const CONNECT_TIMEOUT_MS = 60_000;

/** Silence after which the first flight counts as complete. */
const QUIET_MS = 500;

/** Most bytes of a flight that are kept. */
const MAX_FLIGHT_BYTES = 70_000;

/** Reads what a client sends until it is silent. */
async function readFlight(conn: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  const flight = new Uint8Array(MAX_FLIGHT_BYTES);
  let length = 0;
  while (length < flight.length) {
    const read = conn.read(flight.subarray(length)).catch(() => null);
    const quiet = Promise.withResolvers<null>();
    const timer = setTimeout(() => quiet.resolve(null), QUIET_MS);
    const n = await Promise.race([read, quiet.promise]);
    clearTimeout(timer);
    if (n === null) break;
    length += n;
  }
  return flight.slice(0, length);
}

/** The first line that a command prints. */
async function firstLine([program = "", ...args]: string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args);
  return (stdout || stderr).trim().split("\n")[0]!;
}

/** Runs a client and returns the first bytes that it sends. */
async function flightOf(client: Client, serverPort: number): Promise<Uint8Array<ArrayBuffer>> {
  const dir = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(client.files ?? {})) {
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const values = { port: listener.addr.port, server: serverPort, dir };
  const [program, ...args] = client.command.map((part) =>
    part.replace(/\{(port|server|dir)\}/g, (_, name: keyof typeof values) => String(values[name]))
  );
  // A process group of its own, so that a browser's children end with it.
  const process = new Deno.Command("setsid", {
    args: [program!, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => listener.close(), CONNECT_TIMEOUT_MS);
  try {
    using conn = await listener.accept();
    return await readFlight(conn);
  } finally {
    clearTimeout(timer);
    try {
      listener.close();
    } catch {
      // Closed by the timer.
    }
    await new Deno.Command("kill", { args: ["-KILL", "--", `-${process.pid}`], stderr: "null" })
      .output();
    await process.status;
    await Deno.remove(dir, { recursive: true }).catch(() => {});
  }
}

/** Makes one recording. */
async function record(
  client: Client,
  server: OpensslServer,
  primer: OpensslServer,
): Promise<Recording> {
  const bytes = await flightOf(client, primer.port);
  const openssl = { ...await server.view(bytes), version: server.version };
  if (client.serverName !== undefined && openssl.serverName !== client.serverName) {
    throw new Error(`the name is ${openssl.serverName}`);
  }
  return {
    name: client.name,
    client: await firstLine(client.version),
    command: client.command,
    files: client.files,
    date: new Date().toISOString().slice(0, 10),
    openssl,
    bytes,
  };
}

/** Records the named clients, and returns how many could not be. */
async function main(names: string[]): Promise<number> {
  const server = await OpensslServer.start();
  // Sessions come from another server: one resumed would be answered before its name is looked at.
  const primer = await OpensslServer.start();
  let failed = 0;
  for (const client of CLIENTS) {
    if (names.length > 0 && !names.includes(client.name)) continue;
    try {
      const recording = await record(client, server, primer);
      writeRecording(recording);
      const { openssl, bytes } = recording;
      const { serverName, alpn, answer } = openssl;
      const protocols = alpn.length > 4 ? `${alpn.length} protocols` : alpn.join(",");
      console.log(
        `${client.name}: ${bytes.length} bytes, ${serverName}, [${protocols}], ${answer}`,
      );
    } catch (error) {
      failed++;
      console.log(`${client.name}: not recorded: ${(error as Error).message}`);
    }
  }
  await server.stop();
  await primer.stop();
  return failed;
}

const HELP = `Records the ClientHellos of real clients for tests/wire/corpus.

Usage: deno run -A scripts/corpus/record.ts [NAME...]

Makes the recordings of these names again, all without any. Browsers also call home: run it where
only loopback is up, e.g.

  unshare -n sh -c 'ip link set lo up && deno run -A scripts/corpus/record.ts'

The clients are Debian's packages, but for Deno itself, node24 (Node.js 24) and bun; each must be
on PATH by that name. Exit: 0 all recorded, 1 some were not, 2 the command line is wrong.
`;

const { positionals } = readCommandLine(HELP, { allowPositionals: true });
Deno.exit(await main(positionals) > 0 ? 1 : 0);
