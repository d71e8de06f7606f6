// Loaded before every test (`deno test --preload`): a test that never ends fails by its name, and the
// others are run. Without that a run hangs, and nothing tells where.

/** How long a test may take where it says nothing else (`timeout`), milliseconds: slow machines have their time. */
const LIMIT_MS = 10 * 60_000;

/** The arguments of `Deno.test` as one definition, in each of the forms that it takes. */
function definitionOf(args: unknown[]): Deno.TestDefinition {
  const fn = args.find((arg) => typeof arg === "function") as Deno.TestDefinition["fn"] | undefined;
  const name = args.find((arg) => typeof arg === "string");
  const options = args.find((arg) => typeof arg === "object");
  return Object.assign({ name: name ?? fn?.name }, options, fn && { fn }) as Deno.TestDefinition;
}

Object.defineProperty(Deno, "test", {
  value: new Proxy(Deno.test, {
    apply(test, _self, args: unknown[]) {
      test({ timeout: LIMIT_MS, ...definitionOf(args) });
    },
  }),
});
