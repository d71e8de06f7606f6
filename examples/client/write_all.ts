/** Writes all of `bytes`, however many calls that takes. */
export function writeAllSync(
  to: { writeSync(p: Uint8Array): number },
  bytes: Uint8Array,
): void {
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
}
