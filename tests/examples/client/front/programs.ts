/** What a program wrote, one character a byte, both streams together, and its exit code. */
export interface Said {
  text: string;
  code: number;
}

/** Runs a program that a visitor has, to its end. */
export async function program(name: string, args: string[]): Promise<Said> {
  const { stdout, stderr, code } = await new Deno.Command(name, { args, stdin: "null" }).output();
  const decoder = new TextDecoder("latin1");
  return { text: decoder.decode(stdout) + decoder.decode(stderr), code };
}
