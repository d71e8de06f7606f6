import { renderUnicodeCompact } from "uqr";

/** The command by which another computer verifies a page, as words and as a QR code for a terminal. */
export function verifyCode(
  { page, key }: { page: string; key: string | null },
): string {
  if (key === null) return "There is no certificate yet, and so no key to verify.";
  const command = `glosson verify ${page} --key ${key}`;
  return `${command}\n\n${renderUnicodeCompact(command)}`;
}
