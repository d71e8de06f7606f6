import { existsSync } from "node:fs";
import { startRelay } from "../../tests/stories/relay.ts";
import { connectControl, dialData, readJoin, signUp } from "../../tests/stories/user.ts";
import { answers, freePort } from "../ports.ts";
import { run } from "../run.ts";
import { startServer } from "../server.ts";
import { answerWithReceipt, startBackend } from "./backend.ts";
import { NAME } from "./inputs.ts";
import type { Program } from "./programs.ts";

/** How long a program may take to listen. */
const START_TIMEOUT_MS = 10_000;

/** A relay that is ready to be sent odd things. */
export interface Relay extends AsyncDisposable {
  name: string;
  port: number;
}

/** Whether a program of Debian's is on this machine. */
export function isInstalled(program: Program): boolean {
  return program.files.every((file) => existsSync(file));
}

/** The first line in which a program tells its version. */
export async function versionOf(program: Program): Promise<string> {
  const { text } = await run(program.files[0], program.version);
  return text.trim().split("\n")[0]!.replace(/ - http.*| \d{4}\/\d\d\/\d\d.*/g, "");
}

/** Starts the real glossond with a client that is online as the name's user. */
export async function startGlossond(): Promise<Relay> {
  const fallback = startBackend("default");
  const relay = await startRelay({
    settings: {
      BASE_DOMAIN: NAME.split(".").slice(1).join("."),
      FALLBACK_BACKEND: `127.0.0.1:${fallback.port}`,
      LOG_LEVEL: "info",
    },
  });
  const link = await connectControl(relay, await signUp(relay, NAME.split(".")[0]!));
  async function join(ticket: string): Promise<void> {
    const conn = await dialData(relay, ticket);
    const { rest } = await readJoin(conn);
    await answerWithReceipt("kaylee", conn, rest);
  }
  const serving = (async () => {
    while (true) join((await link.next("connect")).ticket).catch(() => {});
  })().catch(() => {});
  return {
    name: "glossond",
    port: relay.ports.hub!,
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]();
      await serving;
      await relay[Symbol.asyncDispose]();
      fallback[Symbol.dispose]();
    },
  };
}

/** Starts a program of Debian's before two backends. */
export async function startProgram(program: Program): Promise<Relay> {
  await using stack = new AsyncDisposableStack();
  const kaylee = stack.use(startBackend("kaylee"));
  const fallback = stack.use(startBackend("default"));
  const dir = await Deno.makeTempDir({ prefix: "glossond-odd-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const port = freePort();
  const file = `${dir}/relay.conf`;
  const ports = { relay: port, kaylee: kaylee.port, default: fallback.port };
  await Deno.writeTextFile(file, program.config(ports));
  stack.use(
    await startServer(program.name, [program.files[0], ...program.args(file, dir)], {
      isUp: () => answers(port),
      withinMs: START_TIMEOUT_MS,
    }),
  );
  const started = stack.move();
  return { name: program.name, port, [Symbol.asyncDispose]: () => started.disposeAsync() };
}
