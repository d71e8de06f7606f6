/** Debian's name of the machines that an ELF header names, by their number (elf(5), `e_machine`). */
const MACHINES: Record<number, string> = { 0x3e: "amd64", 0xb7: "arm64" };

/** Where the number is in the header, in the byte order of both, and the header's length up to there. */
const [MACHINE_AT, LENGTH] = [18, 20];

/**
 * The architecture that an executable is for, whichever the one of this machine is.
 *
 * @throws {Error} if it is none of Linux, or for a machine that packages are not made for.
 */
export async function architectureOf(executable: string): Promise<string> {
  const header = new Uint8Array(LENGTH);
  using file = await Deno.open(executable);
  const n = await file.read(header);
  const isElf = n === LENGTH && String.fromCharCode(...header.subarray(0, 4)) === "\x7fELF";
  const machine = new DataView(header.buffer).getUint16(MACHINE_AT, true);
  const name = isElf ? MACHINES[machine] : undefined;
  if (name !== undefined) return name;
  throw new Error(
    `${executable} is no executable of Linux for ${Object.values(MACHINES).join(" or ")}; ` +
      "deno task compile makes one",
  );
}
