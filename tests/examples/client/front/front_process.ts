import type { VisitorLimits } from "../../../../examples/client/front/limits.ts";
import { linesOf } from "../../../../lib/net/lines.ts";
import { V8_FLAGS } from "../../../../scripts/compile/programs.ts";
import { sendSignal } from "../../../../scripts/process.ts";

/** What a front says of itself. */
export interface Places {
  /** Visitors' connections that are served. */
  connections: number;
  /** Requests that are being answered. */
  answering: number;
  /** Errors that nothing caught. */
  uncaught: number;
  /** Visitors' connections that were ever served. */
  visitors: number;
  /** Open descriptors of its process. */
  descriptors: number;
  /** Resident memory, bytes; garbage included unless it is weighed. */
  rss: number;
}

/** A front as a program. */
export interface FrontProgram {
  /** Takes the app's port and limits behind these words. */
  command: [string, ...string[]];
  /** Whether it speaks HTTP/2. */
  http2: boolean;
}

function besideThis(file: string): string {
  return new URL(file, import.meta.url).pathname;
}

/** The reference client's, as that is run and compiled. */
export const REFERENCE_FRONT: FrontProgram = {
  command: [
    Deno.execPath(),
    ...[
      "run",
      "-A",
      "--quiet",
      `--v8-flags=${V8_FLAGS},--expose-gc`,
      besideThis("front_program.ts"),
    ],
  ],
  http2: true,
};

/** That of the client in Python, with Debian's packages. */
export const PYTHON_FRONT: FrontProgram = {
  command: ["/usr/bin/python3", besideThis("../../python/front_program.py")],
  http2: false,
};

/** How long a front may take for what its limits of time bring about, milliseconds. */
const SETTLE_MS = 20_000;

/** A front in a process of its own, with a web app of the test's behind it. */
export class FrontProcess {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string, string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Where visitors connect to. */
  readonly port: number;
  /** Certificate of the authority that signed its own. */
  readonly pem: string;

  private constructor(
    process: Deno.ChildProcess,
    output: AsyncGenerator<string, string>,
    { port, pem }: { port: number; pem: string },
  ) {
    this.#process = process;
    this.#lines = output;
    this.#writer = process.stdin.getWriter();
    this.port = port;
    this.pem = pem;
  }

  static async start(
    app: number,
    limits: Partial<VisitorLimits> = {},
    { command: [program, ...args] }: FrontProgram = REFERENCE_FRONT,
  ): Promise<FrontProcess> {
    const process = new Deno.Command(program, {
      args: [...args, String(app), JSON.stringify(limits)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = linesOf(process.stdout);
    const first = await output.next();
    if (first.done) throw new Error("Cannot start front: it ended at once");
    return new FrontProcess(process, output, JSON.parse(first.value));
  }

  get pid(): number {
    return this.#process.pid;
  }

  places(): Promise<Places> {
    return this.#ask("places");
  }

  /** What it is once its garbage is collected: how much there is of that is the processor's to say. */
  weigh(): Promise<Places> {
    return this.#ask("weigh");
  }

  async #ask(what: "places" | "weigh"): Promise<Places> {
    await this.#writer.write(new TextEncoder().encode(`${what}\n`));
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("Cannot ask front: it has ended");
    const descriptors = Array.from(Deno.readDirSync(`/proc/${this.pid}/fd`)).length;
    return { ...JSON.parse(value), descriptors };
  }

  /** Waits until it is as `wanted`; gives what it is in the end. */
  async settled(wanted: (places: Places) => boolean): Promise<Places> {
    const start = performance.now();
    while (true) {
      const places = await this.places();
      if (wanted(places) || performance.now() - start > SETTLE_MS) return places;
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  /** Asks it to stop; gives its exit code once it has ended by itself. */
  async stop(): Promise<number> {
    await this.#writer.close();
    const timer = setTimeout(() => this.kill(), SETTLE_MS);
    const { code } = await this.#process.status;
    clearTimeout(timer);
    await this.#lines.return("");
    return code;
  }

  /** Ends it at once. */
  kill(): void {
    sendSignal(this.#process, "SIGKILL");
  }
}
