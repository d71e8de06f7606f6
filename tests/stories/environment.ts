/** The variables that every program needs; settings of the shell are not among them. */
export function bareEnvironment(home: string): Record<string, string> {
  const { PATH = "/usr/bin:/bin", HOME = home, DENO_DIR } = Deno.env.toObject();
  return { PATH, HOME, ...(DENO_DIR !== undefined && { DENO_DIR }) };
}

/** Settings of the relay, named without their prefix, as its variables. */
export function settingVariables(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`GLOSSOND_${name}`, value]),
  );
}
