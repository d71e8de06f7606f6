/** What a program wrote, one character a byte, both streams together, and its exit code. */
export interface Said {
  text: string;
  code: number;
}

/** Runs a program that a visitor has, to its end. */
export async function program(
  name: string,
  args: string[],
  input = "",
): Promise<Said> {
  const child = new Deno.Command(name, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // It may end before it has read everything.
  await writer.write(Uint8Array.from(input, (c) => c.charCodeAt(0))).catch(() => {});
  await writer.close().catch(() => {});
  const { stdout, stderr, code } = await child.output();
  const decoder = new TextDecoder("latin1");
  return { text: decoder.decode(stdout) + decoder.decode(stderr), code };
}
