import assert from "node:assert/strict";

const TAP = new URL("../../../../examples/client/watch/tap.ts", import.meta.url).href;

Deno.test("openTap() dials nobody when it may not listen", async () => {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  const program = `
    import { openTap } from ${JSON.stringify(TAP)};
    await openTap("127.0.0.1", ${port}, new AbortController().signal);
  `;
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--allow-read", `--allow-net=127.0.0.1:${port}`],
      `data:application/typescript,${encodeURIComponent(program)}`,
    ],
    stderr: "piped",
  });
  const { stderr } = await process.output();
  assert.match(new TextDecoder().decode(stderr), /NotCapable: .* "127\.0\.0\.1:0"/);
  // The first to come is this one.
  using own = await Deno.connect({ hostname: "127.0.0.1", port });
  using first = await server.accept();
  assert.deepEqual(first.remoteAddr, own.localAddr);
});
