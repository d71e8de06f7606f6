/**
 * Addresses of a host, by this machine's resolver, which is not to look for it below domains of its own; none where
 * there are none, or it does not answer. Never rejects.
 *
 * @param host with a trailing dot or without.
 */
export async function hostAddresses(host: string, signal?: AbortSignal): Promise<string[]> {
  const name = host.replace(/\.?$/, ".");
  const found = await Promise.all([
    Deno.resolveDns(name, "A", { signal }).catch(() => []),
    Deno.resolveDns(name, "AAAA", { signal }).catch(() => []),
  ]);
  return found.flat();
}
