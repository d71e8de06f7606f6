/**
 * Reads a file of certificates that a person named.
 *
 * @param what it is, for the message.
 * @throws {Error} if it cannot be read, or holds none.
 */
export async function readPem(path: string, what: string): Promise<string> {
  const text = await Deno.readTextFile(path).catch((error) => {
    throw new Error(`Cannot read ${what}: ${error.message}`);
  });
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error(`Cannot read ${what}: ${path} holds no PEM certificate`);
  }
  return text;
}
