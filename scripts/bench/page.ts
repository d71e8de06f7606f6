import { type DemoRelay, FREE_PORTS, glosson, glossond } from "../demo/part.ts";
import { V8_FLAGS } from "../compile/programs.ts";
import type { Bench } from "./bench.ts";
import { LoadProcess } from "./load_process.ts";
import { median, quantile } from "./numbers.ts";
import { directTarget, isInstalled, type Peer, startPeer, type Target } from "./peers.ts";
import { processTree, usageOf } from "./usage.ts";

const HOSTNAME = "kaylee.glosson.localhost";

/** Size of the page, bytes: one with its style and no pictures. */
const PAGE_BYTES = 4 * 1024;

/**
 * Visits before the first round and in each, the size of the file that is loaded once, bytes, and visitors who stay.
 * Programs that run for days have compiled their code; until then that is what the slowest visits wait for.
 */
const LOAD = {
  full: { warmUp: 2_000, visits: 300, fileBytes: 512 * 1024 * 1024, idle: 240 },
  quick: { warmUp: 50, visits: 50, fileBytes: 64 * 1024 * 1024, idle: 100 },
} as const;

type Load = (typeof LOAD)[keyof typeof LOAD];

/** Passes TLS on to the web server that the reference client is compared with. */
const FRONT = "haproxy 256k";

/** A web server for the files of `site` with the certificate and key of a PEM file. */
function webServer(site: string, identity: string): Peer {
  return {
    name: "nginx direct",
    program: "/usr/sbin/nginx",
    isDefault: true,
    config: ({ host, port }) => `
user root;
daemon off;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 1000; }
http {
  access_log off;
  sendfile on;
  server {
    listen ${host}:${port} ssl;
    ssl_certificate ${identity};
    ssl_certificate_key ${identity};
    root ${site};
  }
}
`,
    args: (file, dir) => ["-c", file, "-p", dir],
  };
}

/** What a visitor waits for a page of the reference client's, and what that costs its computer. */
export async function page(bench: Bench): Promise<void> {
  const load = bench.quick ? LOAD.quick : LOAD.full;
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "glossond-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const site = `${dir}/site`;
  await Deno.mkdir(site);
  await Deno.writeTextFile(`${site}/index.html`, "x".repeat(PAGE_BYTES));
  using file = await Deno.create(`${site}/large`);
  await file.truncate(load.fileBytes);

  const targets: Target[] = [];
  const relayed: { relay: DemoRelay; target: Target }[] = [];
  const variants: { name: string; own: string; root?: string; over?: string }[] = [
    { name: "glossond to glosson", own: dir },
    { name: "the same over WebSockets", own: `${dir}/websocket`, over: "websocket" },
    ...bench.before === undefined
      ? []
      : [{ name: "the same before", own: `${dir}/before`, root: bench.before }],
  ];
  for (const { name, own, root, over } of variants) {
    await Deno.mkdir(own, { recursive: true });
    const relay = await glossond(own, { settings: FREE_PORTS, root });
    stack.defer(() => relay.stop().then(() => {}));
    const args = ["--dir", site, ...over === undefined ? [] : ["--data-over", over]];
    const client = await glosson(own, relay, { args, root });
    stack.defer(() => client.stop().then(() => {}));
    const target = {
      ...directTarget(relay.ports.hub),
      name,
      usage: () => usageOf(processTree(client.pid)),
    };
    targets.push(target);
    relayed.push({ relay, target });
  }
  const identity = `${dir}/client/identity.pem`;
  for (const end of ["node", "deno"]) {
    const front = stack.use(new LoadProcess("front.ts", { v8Flags: V8_FLAGS }));
    const { port } = await front.call<{ port: number }>("serve", { end, site, identity });
    targets.push({
      ...directTarget(port),
      name: `its front alone, TLS by ${end}`,
      usage: () => usageOf([front.pid]),
    });
  }
  const server = webServer(site, identity);
  if (isInstalled(server)) {
    const direct = stack.use(await startPeer(server, 0, ""));
    const front = bench.peers.find(({ name }) => name === FRONT);
    if (front !== undefined) {
      const between = stack.use(await startPeer(front, direct.port, "glosson.localhost"));
      targets.push({ ...between, name: `${FRONT} to nginx`, usage: direct.usage });
    }
    targets.push(direct);
  } else {
    bench.tell(`not installed, skipped: ${server.name}`);
  }
  const authorities = await Promise.all(
    relayed.map(({ relay: { caFile } }) => Deno.readTextFile(caFile)),
  );
  // One text for all: each trusts its own relay's, and the web server has the first one's.
  await measure(bench, targets, load, authorities.join("\n"));
}

async function measure(
  bench: Bench,
  targets: Target[],
  { warmUp, visits: count, fileBytes, idle }: Load,
  ca: string,
): Promise<void> {
  await using visitor = new LoadProcess("page.ts");
  async function visits(
    { port }: Target,
    path: string,
    count: number,
  ): Promise<{ handshake: number; head: number; page: number }[]> {
    const run = { port, hostname: HOSTNAME, path, ca, count };
    return (await visitor.call<{ visits: Awaited<ReturnType<typeof visits>> }>("visits", run))
      .visits;
  }
  const idleKb = new Map<Target, number>();
  for (const target of targets) {
    const stay = { port: target.port, hostname: HOSTNAME, path: "/", ca, count: idle };
    // The first time grows what the second one finds.
    for (const _ of [1, 2]) {
      const before = target.usage().rssBytes;
      await visitor.call("hold", stay);
      idleKb.set(target, (target.usage().rssBytes - before) / 1024 / idle);
      await visitor.call("release");
    }
  }
  const pages = new Map<Target, Awaited<ReturnType<typeof visits>>>();
  const cpu = new Map<Target, number>();
  const downloads = new Map<Target, { gbps: number; cpuSecondsPerGb: number }[]>();
  for (let round = 0; round <= bench.rounds; round++) {
    for (const target of targets) {
      bench.tell(`page, round ${round}: ${target.name}`);
      const before = target.usage().cpuSeconds;
      // Round 0 warms up: compilers, caches, the pool.
      const times = await visits(target, "/", round === 0 ? warmUp : count);
      const between = target.usage().cpuSeconds;
      const [{ page, head } = { page: NaN, head: NaN }] = await visits(target, "/large", 1);
      const after = target.usage().cpuSeconds;
      if (round === 0) continue;
      pages.set(target, [...pages.get(target) ?? [], ...times]);
      cpu.set(target, (cpu.get(target) ?? 0) + between - before);
      downloads.set(target, [...downloads.get(target) ?? [], {
        gbps: fileBytes * 8 / 1e6 / (page - head),
        cpuSecondsPerGb: (after - between) / (fileBytes / 1e9),
      }]);
    }
  }
  for (const target of targets) {
    const times = pages.get(target)!;
    bench.add({
      section: "page",
      target: target.name,
      case: "HTTP/1.1, new connection",
      values: {
        handshakeMs: median(times.map(({ handshake }) => handshake)),
        headMs: median(times.map(({ head }) => head)),
        pageMs: median(times.map(({ page }) => page)),
        pageP99Ms: quantile(times.map(({ page }) => page), 0.99),
        serverCpuMsEach: cpu.get(target)! * 1000 / times.length,
        downloadGbps: median(downloads.get(target)!.map(({ gbps }) => gbps)),
        idleKbEach: idleKb.get(target)!,
        serverCpuSecondsPerGb: median(
          downloads.get(target)!.map(({ cpuSecondsPerGb }) => cpuSecondsPerGb),
        ),
      },
    });
  }
}
