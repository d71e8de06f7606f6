import type { Profile, ProfileNode } from "./profiler.ts";

/** Where the relay's own functions are. */
const OWN = new URL("../../lib/", import.meta.url).href;

/** What a file's functions do for a visitor; those of other files count for whoever called them. */
const STAGES: readonly [stage: string, files: RegExp][] = [
  ["accept", /^net\/(listen|accept_loop)\.ts$/],
  ["admit: places, rates, deadlines", /^visitor\/(hub|admit|source|crowd)\.ts$/],
  ["read the hello", /^(visitor\/peek|wire\/(client_hello|hello_message|server_name))\.ts$/],
  ["route and meet", /^visitor\/(destinations|route|meet|opening|user_visitors|joined)\.ts$/],
  ["pass bytes", /^(net\/(splice|read_ahead)|visitor\/doubted)\.ts$/],
  ["data connections", /^session\/(data_port|parked_pool|tickets)\.ts$/],
  ["control WebSocket", /^(session\/|net\/text_socket|wire\/(messages|web_socket))/],
  ["count", /^(admin|account|daemon)\//],
];

/** What V8 shows in the place of a function where it waits. */
const WAITING = new Set(["(idle)", "(root)"]);

/** Each stage's share of the time in which the process did not wait, the largest first. */
export function byStage({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(
    nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)),
  );
  const stages = new Map<string, number>();
  let all = 0;
  for (const [i, id] of samples.entries()) {
    const node = byId.get(id)!;
    // The first one came when the profiler had started, which takes it some tenths of a second.
    if (i === 0 || WAITING.has(node.callFrame.functionName)) continue;
    const us = timeDeltas[i]!;
    const stage = stageOf(node, callers);
    stages.set(stage, (stages.get(stage) ?? 0) + us);
    all += us;
  }
  return new Map(
    [...stages].map(([stage, us]) => [stage, us / all] as const)
      .sort(([, a], [, b]) => b - a),
  );
}

/** Stages of what is no function's. */
const BY_NOBODY = new Map([
  ["(garbage collector)", "collect garbage"],
  ["(program)", "the runtime, outside of JavaScript"],
]);

/** System calls that are dear enough to be shown, by the functions of the runtime that make them. */
const CALLS = new Map([
  ["op_write", ": write"],
  ["op_close", ": close"],
  ["op_shutdown", ": shutdown"],
]);

function stageOf(node: ProfileNode, callers: ReadonlyMap<number, ProfileNode>): string {
  const { functionName } = node.callFrame;
  const nobodys = BY_NOBODY.get(functionName);
  if (nobodys !== undefined) return nobodys;
  let isOwn = false;
  for (let at: ProfileNode | undefined = node; at !== undefined; at = callers.get(at.id)) {
    const { url } = at.callFrame;
    if (!url.startsWith(OWN)) continue;
    isOwn = true;
    const file = url.slice(OWN.length);
    const stage = STAGES.find(([, files]) => files.test(file))?.[0];
    if (stage !== undefined) return `${stage}${CALLS.get(functionName) ?? ""}`;
  }
  return isOwn ? "others of the relay" : "the runtime, its own JavaScript";
}
