import type { Acme, AcmeOptions } from "./acme.ts";

/** Opens an {@linkcode Acme}; what it needs is loaded only then, since most users have no domain. */
export async function openAcme(options: AcmeOptions): Promise<Acme> {
  const { Acme } = await import("./acme.ts");
  return new Acme(options);
}
