/** What a program wrote, and its exit code. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** Both of them, one behind the other. */
  text: string;
}

/** Options for {@linkcode run} and {@linkcode must}. */
export interface RunOptions
  extends Pick<Deno.CommandOptions, "clearEnv" | "cwd" | "env" | "gid" | "signal" | "uid"> {
  /** What the program is given to read. @default {""} */
  input?: string;
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  { input = "", ...options }: RunOptions = {},
): Promise<Ran> {
  const process = new Deno.Command(program, {
    ...options,
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // It may end before it has read everything.
  await new Blob([input]).stream().pipeTo(process.stdin).catch(() => {});
  return await endOf(process);
}

/**
 * Runs a program that has to do well, and returns what it wrote to standard output.
 *
 * @throws {Error} with the end of what it wrote, when it ends with another code than 0.
 */
export async function must(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, text } = await run(program, args, options);
  if (code === 0) return stdout;
  throw new Error(
    `${[program, ...args].join(" ")} ended with ${code}: ${text.trim().slice(-2_000)}`,
  );
}

/** Waits for the end of a command, or of its process, whose output is piped. */
export async function endOf(started: Pick<Deno.Command, "output">): Promise<Ran> {
  const { code, stdout, stderr } = await started.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out!, stderr: err!, text: `${out}${err}` };
}
