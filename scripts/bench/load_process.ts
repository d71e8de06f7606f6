import { fileURLToPath } from "node:url";
import { linesOf } from "../../lib/net/lines.ts";

/** What a load process answers to a call. */
type Answer = { result: unknown } | { error: string };

/** What a load process is called with. */
interface Call {
  name: string;
  parameters: unknown;
}

/**
 * A process of its own that makes load: what it costs is not the relay's, and descriptors are counted
 * by process. One call at a time.
 */
export class LoadProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncGenerator<string>;

  /**
   * @param file the program, in the folder of this one.
   * @param options.launcher a program and its arguments that start it. @default none
   * @param options.namespace the network namespace to run it in.
   * @param options.v8Flags of the program. @default such that it collects garbage late: a pause in here
   * would show as a delay of the relay
   */
  constructor(
    file: string,
    { launcher = [], namespace, v8Flags = "--semi-space-growth-factor=4" }: {
      launcher?: readonly string[];
      namespace?: string | undefined;
      v8Flags?: string;
    } = {},
  ) {
    const deno = [
      Deno.execPath(),
      ...["run", "-A", "--no-prompt", "--quiet"],
      `--v8-flags=${v8Flags}`,
      fileURLToPath(new URL(`./load/${file}`, import.meta.url)),
    ];
    const where = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
    const [program = "", ...args] = [...where, ...launcher, ...deno];
    this.#process = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#answers = linesOf(this.#process.stdout);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Calls a procedure of the process; rejects with what it threw. */
  async call<Result = void>(name: string, parameters: unknown = {}): Promise<Result> {
    const call: Call = { name, parameters };
    await this.#input.write(new TextEncoder().encode(JSON.stringify(call) + "\n"));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`Cannot call ${name}: the load process ended`);
    const answer = JSON.parse(value) as Answer;
    if ("error" in answer) throw new Error(`Cannot ${name}: ${answer.error}`);
    return answer.result as Result;
  }

  /** Ends the process, and waits until it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#process.status;
  }
}

/** Procedures by name; each takes one value of plain JSON and returns another. */
// deno-lint-ignore no-explicit-any -- each caller names the types that it sends
export type Procedures = Record<string, (parameters: any) => unknown>;

/** The other side of {@linkcode LoadProcess}: answers calls until standard input ends, then exits. */
export async function answerCalls(procedures: Procedures): Promise<never> {
  for await (const line of linesOf(Deno.stdin.readable)) {
    const { name, parameters } = JSON.parse(line) as Call;
    let answer: Answer;
    try {
      answer = { result: await procedures[name]!(parameters) ?? null };
    } catch (error) {
      answer = { error: (error as Error).message };
    }
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(answer) + "\n"));
  }
  Deno.exit(0);
}
