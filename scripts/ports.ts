/** Ports below those that the kernel gives to connections that go out, which could take one meanwhile. */
const [FIRST_PORT, LAST_PORT] = [20_000, 32_767];

/** A port of 127.0.0.1 where nothing listens at the moment. */
export function freePort(): number {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch {
      // Taken.
    }
  }
}

/** Whether a port of 127.0.0.1 accepts a connection. */
export async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
