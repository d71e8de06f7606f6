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

/**
 * Runs a program; one that is not there, or that the system lets nobody run, is one that failed.
 *
 * @throws {Error} with the fix, when this program was given no permission to run it.
 */
export const runProgram: RunProgram = async (program, args, input = "") => {
  try {
    const process = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // It may end before it has read everything.
    await new Blob([input]).stream().pipeTo(process.stdin).catch(() => {});
    const { code, stdout, stderr } = await process.output();
    const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return { code, text: decode(stdout), complaint: decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new Error(
        `Cannot run ${program}: this glosson was given no permission to. Start it by deno run -A, or ` +
          "have this system start glosson run by a service that you write",
      );
    }
    return { code: NOT_FOUND, text: "", complaint: (error as Error).message };
  }
};

/**
 * Runs a program that has to do well.
 *
 * @throws {Error} with what it wrote, when it does not.
 */
export async function mustRun(
  run: RunProgram,
  program: string,
  args: readonly string[],
  input?: string,
): Promise<void> {
  const { code, text, complaint } = await run(program, args, input);
  if (code === 0) return;
  const said = `${text}${complaint}`.trim();
  throw new Error(`${[program, ...args].join(" ")} failed with code ${code}: ${said}`);
}
