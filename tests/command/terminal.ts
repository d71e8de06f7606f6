import { type Ran, run, type RunOptions } from "../../scripts/run.ts";

/** Runs a program on a pseudo-terminal, and writes each answer once the text before it is there. */
const PROGRAM = `
import json, os, pty, sys
steps, argv = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
shown, seen = b"", 0
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        part = b""  # how Linux tells that the other end is closed
    if not part:
        break
    shown += part
    while steps and (at := shown.find(steps[0][0].encode(), seen)) != -1:
        text, answer = steps.pop(0)
        seen = at + len(text.encode())
        os.write(terminal, answer.encode())
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Runs a program on a terminal of its own; what the terminal shows is its standard output. */
export function runOnTerminal(
  program: string,
  args: readonly string[],
  steps: [after: string, answer: string][],
  options?: RunOptions,
): Promise<Ran> {
  return run("python3", ["-c", PROGRAM, JSON.stringify(steps), program, ...args], options);
}
