/** First version of Deno whose TLS server (node:tls) works on a socket that is open already. */
const LEAST = { major: 2, minor: 8 } as const;

/** Why this version of Deno cannot serve visitors, for a person; undefined if it can. */
export function runtimeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > LEAST.major || (major === LEAST.major && minor >= LEAST.minor)) return undefined;
  return `Cannot run on Deno ${version}: it takes ${LEAST.major}.${LEAST.minor} or newer; ` +
    "deno upgrade brings it";
}
