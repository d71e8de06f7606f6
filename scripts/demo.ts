/**
 * Runs the relay, the reference client and a page on this machine, see `--help`.
 */
import { readCommandLine } from "./command_line.ts";
import { DemoPart, glosson, glossond } from "./demo/part.ts";
import { checkRound } from "./demo/round.ts";

const HELP = `Runs a relay, a client and its page on this machine.

Usage: deno task demo [--check]

Without options: the relay (glossond dev) on glosson.localhost, a client connected as kaylee, and
the addresses to open; until Ctrl-C. What it keeps is in state/demo.

  --check   on free ports and in a temporary folder: the page through the relay, the client stopped,
            the offline page, the client back, the page again; exits 0 when all went well, else 1
`;

const { values: options } = readCommandLine(HELP, { options: { check: { type: "boolean" } } });

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

if (options.check) {
  const dir = await Deno.makeTempDir({ prefix: "glosson-demo-" });
  const ok = await checkRound(dir, print).finally(() => Deno.remove(dir, { recursive: true }));
  Deno.exit(ok ? 0 : 1);
}

const dir = "state/demo";
const stopped = Promise.withResolvers<void>();
Deno.addSignalListener("SIGINT", stopped.resolve);
Deno.addSignalListener("SIGTERM", stopped.resolve);
const parts: DemoPart[] = [];
try {
  const relay = await glossond(dir, { onLine: (line) => print(`relay   ${line}\n`) });
  parts.push(relay);
  const client = await glosson(dir, relay, { onLine: (line) => print(`client  ${line}\n`) });
  parts.push(client);
  const { hub } = relay.ports;
  print(`
kaylee is online. Open:

  https://kaylee.glosson.localhost:${hub}/     kaylee's page, from the client on this machine
  https://nobody.glosson.localhost:${hub}/     a name that nobody has
  https://glosson.localhost:${hub}/            the relay's own page

A browser warns about the certificate, since it does not know this trial's authority. curl can be
told of it:

  curl --cacert ${relay.caFile} https://kaylee.glosson.localhost:${hub}/

Ctrl-C ends the demo. To see the offline page, which comes 5 seconds after its visitor since the
client may be on its way back, end the client alone with the first of these, and bring it back with
the second:

  kill -INT ${client.pid}
  npx -y deno@2.9.6 task client run --state ${dir}/client

`);
  await Promise.race([stopped.promise, relay.ended]);
} catch (error) {
  Deno.stderr.writeSync(new TextEncoder().encode(`demo: ${(error as Error).message}\n`));
  Deno.exitCode = 1;
} finally {
  for (const part of parts.toReversed()) await part.stop();
}
