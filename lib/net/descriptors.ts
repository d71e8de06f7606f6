/**
 * Descriptors kept for everything that has no ceiling of its own: the runtime (24), listeners and
 * the servers behind them (12), the database and its journal, four bio commands with their pipes
 * (16), ACME and DNS, refusals on their way (64), those kept waiting before theirs (256), the admin
 * port (48), other users' connections to the servers behind (128).
 */
const RESERVED_DESCRIPTORS = 592;

/** Prints the limit of a child, which is its parent's. */
const ASK_PYTHON = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])";

/** Some kind of connection: how many of them are wanted, and what each costs. */
export interface DescriptorShare {
  /** How many at once the settings allow. */
  wanted: number;
  /** Descriptors that each of them has open. */
  each: number;
}

/** What {@linkcode fitDescriptors} made of the wishes. */
export interface FittedDescriptors<Name extends string> {
  /** How many of each there may be; at least one. */
  ceilings: Record<Name, number>;
  /** The limit that all wishes would need. */
  needed: number;
  /** Whether a ceiling is below what was wanted. */
  lowered: boolean;
}

/** Ways to find the limit; both answer nothing where they may not look. */
export interface DescriptorSources {
  /** @default reads `/proc/self/limits`, for which Deno wants every permission */
  limitsFile?: () => Promise<string>;
  /** @default asks `python3`, the one program that the relay may start anyway */
  python?: () => Promise<string>;
}

/**
 * How many descriptors this process may have open, undefined where it cannot be found out.
 *
 * Deno raises the soft limit to the hard one when it starts, so there is one number only.
 */
export async function descriptorLimit(
  sources: DescriptorSources = {},
): Promise<number | undefined> {
  const {
    limitsFile = () => Deno.readTextFile("/proc/self/limits"),
    python = askPython,
  } = sources;
  const fromFile = await limitsFile().then((text) => /^Max open files +(\d+)/m.exec(text)?.[1])
    .catch(() => undefined);
  const text = fromFile ?? await python().catch(() => "");
  const limit = /^\d+$/.test(text.trim()) ? Number(text) : 0;
  // Without a limit the kernel, or Python, tells 0, -1, "unlimited" or a number beyond counting.
  return limit > 0 && limit <= Number.MAX_SAFE_INTEGER ? limit : undefined;
}

/**
 * Lowers what is wanted until it fits the descriptor limit.
 *
 * Each kind of connection has its own share, so that none of them can use up another's: a flood of
 * visitors leaves clients their way in, and the other way round. The largest shares are lowered
 * first, to one level, and what is small stays whole (max-min fairness).
 *
 * @param limit undefined when it is not known: nothing is lowered then.
 */
export function fitDescriptors<Name extends string>(
  limit: number | undefined,
  shares: Record<Name, DescriptorShare>,
): FittedDescriptors<Name> {
  const entries = Object.entries(shares) as [Name, DescriptorShare][];
  const costs = entries.map(([, { wanted, each }]) => wanted * each);
  const needed = costs.reduce((sum, cost) => sum + cost, RESERVED_DESCRIPTORS);
  const level = limit === undefined || limit >= needed ? Infinity : shareLevel(
    costs,
    // A limit too low for anything still serves a few: better than not to start.
    Math.max(limit - RESERVED_DESCRIPTORS, Math.floor(limit / 4)),
  );
  const ceilings = Object.fromEntries(
    entries.map(([name, { wanted, each }]) => [
      name,
      Math.max(1, Math.min(wanted, Math.floor(level / each))),
    ]),
  ) as Record<Name, number>;
  return { ceilings, needed, lowered: level !== Infinity };
}

/** The most that one may have so that all together have no more than is available. */
function shareLevel(costs: number[], available: number): number {
  let left = available;
  const ascending = costs.toSorted((a, b) => a - b);
  for (const [i, cost] of ascending.entries()) {
    const level = left / (ascending.length - i);
    if (cost > level) return level;
    left -= cost;
  }
  return Infinity;
}

async function askPython(): Promise<string> {
  const { stdout } = await new Deno.Command("python3", {
    args: ["-I", "-S", "-c", ASK_PYTHON],
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}
