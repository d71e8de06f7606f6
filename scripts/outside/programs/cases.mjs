// deno-lint-ignore-file no-console -- a script tells its terminal
// Cases of a visitor in Node: each prints one line with its verdict.

/** How long a case may take, milliseconds. */
const LIMIT_MS = 15_000;

/** Runs one case; what it throws is its verdict, else "ok". */
export async function test(name, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("takes too long")), LIMIT_MS);
  });
  let verdict = "ok";
  try {
    await Promise.race([run(), late]);
  } catch (error) {
    verdict = String(error?.cause?.code ?? error?.message ?? error).slice(0, 120);
  } finally {
    clearTimeout(timer);
  }
  console.log(JSON.stringify({ case: name, verdict }));
}

/** Throws when two values differ as JSON. */
export function same(seen, expected) {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${a?.slice(0, 60)}, not ${b?.slice(0, 60)}`);
}
