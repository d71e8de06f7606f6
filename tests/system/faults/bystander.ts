import { Authority } from "../../../examples/conformance/authority.ts";

/** How often the bystander's page is opened, milliseconds. */
const EVERY_MS = 100;

/** What a bystander bears: the 99th percentile of the time that the page takes, milliseconds. */
const P99_MS = 1_000;

/** A page of a user's takes so many times as long as one of the test's own on a busy machine. */
const BUSY_SHARE = 4;

/** A visit that has not ended after this is a failure, milliseconds. */
const VISIT_MS = 30_000;

/** A machine that takes longer for the test's own page says nothing of a relay, milliseconds. */
const STARVED_MS = 2_000;

/** What a visitor got. */
type Page = { status: number; headers?: Headers };

/** One visit of the page. */
interface Visit {
  at: number;
  /** How long it took, and how long the test's own page did. */
  ms: number;
  ownMs: number;
  failure?: string;
}

/** What was noticed in a time. */
export interface Noticed {
  visits: number;
  failures: string[];
  p99Ms: number;
  /** What a page took at most for the machine being busy, by the test's own. */
  busyMs: number;
}

/** A page that comes from this very process, without a relay. */
class OwnPage implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ca: string;

  private constructor(server: Deno.HttpServer<Deno.NetAddr>, ca: string) {
    this.#server = server;
    this.#ca = ca;
  }

  static async serve(): Promise<OwnPage> {
    const authority = await Authority.create();
    const pair = await authority.pair(["localhost"]);
    const options = { hostname: "127.0.0.1", port: 0, ...pair, onListen() {} };
    return new OwnPage(Deno.serve(options, () => new Response("own")), authority.pem);
  }

  async visit(): Promise<Page> {
    using client = Deno.createHttpClient({ caCerts: [this.#ca] });
    const answer = await fetch(`https://localhost:${this.#server.addr.port}/`, { client });
    await answer.body?.cancel();
    return answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** Visitors of a user who has nothing to do with what fails: their page must be there throughout. */
export class Bystander implements AsyncDisposable {
  readonly #visits: Visit[] = [];
  readonly #own: OwnPage;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #under = new Set<Promise<void>>();

  private constructor(own: OwnPage, open: () => Promise<Page>) {
    this.#own = own;
    this.#timer = setInterval(() => {
      const going: Promise<void> = this.#visit(open).finally(() => this.#under.delete(going));
      this.#under.add(going);
    }, EVERY_MS);
  }

  /** Opens a page by `open` again and again, until it is disposed of. */
  static async watch(open: () => Promise<Page>): Promise<Bystander> {
    return new Bystander(await OwnPage.serve(), open);
  }

  async #visit(open: () => Promise<Page>): Promise<void> {
    const at = performance.now();
    const [page, own] = await Promise.all([timed(open), timed(() => this.#own.visit())]);
    if (own.failure !== undefined) throw new Error(`Cannot open the test's own: ${own.failure}`);
    this.#visits.push({ at, ...page, ownMs: own.ms });
  }

  /** What was noticed since a moment of `performance.now()`; visits under way are awaited. */
  async since(from: number): Promise<Noticed> {
    const until = performance.now();
    await Promise.all(this.#under);
    const all = this.#visits.filter(({ at }) => at >= from && at <= until);
    const seen = all.filter(({ ownMs }) => ownMs < STARVED_MS);
    return {
      visits: seen.length,
      failures: seen.flatMap(({ failure }) => failure ?? []),
      p99Ms: p99(seen.map(({ ms }) => ms)),
      busyMs: BUSY_SHARE * p99(all.map(({ ownMs }) => ownMs)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#under);
    await this.#own[Symbol.asyncDispose]();
  }
}

async function timed(open: () => Promise<Page>): Promise<Pick<Visit, "ms" | "failure">> {
  const began = performance.now();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no page in ${VISIT_MS} ms`)), VISIT_MS);
  let failure: string | undefined;
  try {
    const { status, headers } = await Promise.race([open(), late]);
    if (status !== 200) failure = `${status} ${headers?.get("Glosson-Page") ?? ""}`;
  } catch (error) {
    failure = (error as Error).message;
  } finally {
    clearTimeout(timer);
  }
  return { ms: performance.now() - began, ...(failure !== undefined && { failure }) };
}

function p99(times: number[]): number {
  return Math.round(times.sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0);
}

/** Whether nothing of what a visitor can notice happened, but for a wait of so many milliseconds. */
export function isNothing(
  { visits, failures, p99Ms, busyMs }: Noticed,
  waitMs: number,
): boolean {
  return visits > 0 && failures.length === 0 && p99Ms <= P99_MS + busyMs + waitMs;
}

/** In words, for the table. */
export function inWords(noticed: Noticed, waitMs: number): string {
  const { visits, failures, p99Ms, busyMs } = noticed;
  const told = `(${visits} visits, p99 ${p99Ms} ms)`;
  if (failures.length > 0) return `${failures.length} failed: ${failures[0]} ${told}`;
  if (!isNothing(noticed, waitMs)) {
    return `it was slow, by more than ${busyMs} ms for the machine ${told}`;
  }
  return waitMs > 0 ? `the wait, and then the page ${told}` : `nothing ${told}`;
}
