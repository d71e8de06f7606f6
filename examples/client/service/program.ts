/** What a program did. */
export interface ProgramEnd {
  /** Exit code. */
  code: number;
  /** Its standard output. */
  text: string;
  /** Its standard error. */
  complaint: string;
}

/** Runs a program to its end. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  input?: string,
) => Promise<ProgramEnd>;

/** Code for a program that is not there, as shells have it. */
const NOT_FOUND = 127;

/** Runs a program; one that is not there, or may not be run, is one that failed. */
export const runProgram: RunProgram = async (program, args, input = "") => {
  try {
    const process = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = process.stdin.getWriter();
    // It may end before it has read everything.
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await process.output();
    const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return { code, text: decode(stdout), complaint: decode(stderr) };
  } catch (error) {
    return { code: NOT_FOUND, text: "", complaint: (error as Error).message };
  }
};

/**
 * Runs a program that has to do well; what it wrote.
 *
 * @throws {Error} with what it wrote, when it does not.
 */
export async function mustRun(
  run: RunProgram,
  program: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { code, text, complaint } = await run(program, args, input);
  if (code === 0) return text;
  throw new Error(
    `Cannot install: ${[program, ...args].join(" ")} says: ${(text + complaint).trim()}`,
  );
}
