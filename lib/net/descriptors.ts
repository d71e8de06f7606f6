/**
 * Descriptors kept for everything that has no ceiling of its own: the runtime (24), listeners and
 * the servers behind them (12), the database and its journal, four bio commands with their pipes
 * (16), ACME and DNS, refusals on their way (64).
 */
const RESERVED_DESCRIPTORS = 160;

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
 * Lowers what is wanted, all by the same factor, until it fits the descriptor limit.
 *
 * Each kind of connection has its own share, so that none of them can use up another's: a flood of
 * visitors leaves clients their way in, and the other way round.
 *
 * @param limit undefined when it is not known: nothing is lowered then.
 */
export function fitDescriptors<Name extends string>(
  limit: number | undefined,
  shares: Record<Name, DescriptorShare>,
): FittedDescriptors<Name> {
  const entries = Object.entries(shares) as [Name, DescriptorShare][];
  const wanted = entries.reduce((sum, [, share]) => sum + share.wanted * share.each, 0);
  const needed = wanted + RESERVED_DESCRIPTORS;
  // A limit too low for anything still serves a few: better than not to start.
  const available = limit === undefined
    ? wanted
    : Math.max(limit - RESERVED_DESCRIPTORS, Math.floor(limit / 4));
  const factor = Math.min(1, available / wanted);
  const ceilings = Object.fromEntries(
    entries.map(([name, share]) => [name, Math.max(1, Math.floor(share.wanted * factor))]),
  ) as Record<Name, number>;
  return { ceilings, needed, lowered: factor < 1 };
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
