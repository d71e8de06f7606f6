import { sleep } from "../../../lib/net/pause.ts";
import type { Case, Suite } from "../suite.ts";
import { debian } from "../tools.ts";

/** Connections that are slow at once; they come from this machine, whose address has no limit. */
const SLOW = ["-c", "300", "-r", "60", "-i", "2", "-l", "8", "-p", "3"];

/** What is slow, and what slowhttptest calls it. */
const KINDS = [["slow heads", "-H"], ["slow bodies", "-B"], ["slow readers", "-X"]] as const;

/** How long anybody else may wait for an answer meanwhile, seconds. */
const PATIENCE = "5";

/** How often somebody else asks. */
const REQUESTS = 6;

/** Hundreds that are slow on purpose at the relay's API; others are served meanwhile. */
export const SLOWHTTPTEST: Suite = {
  name: "slowhttptest",
  tools: [debian("slowhttptest", "/usr/bin/slowhttptest")],
  limitMs: 150_000,
  async run(world) {
    const url = `https://relay.${world.base}:${world.relay.ports.control}/v1`;

    async function asked(): Promise<string> {
      const args = ["-s", "-o", "/dev/null", "-m", PATIENCE, "-w", "%{http_code}"];
      return (await world.run(["curl", ...args, `${url}/relay`])).stdout;
    }

    const cases: Case[] = [];
    for (const [what, kind] of KINDS) {
      const slow = world.run(["slowhttptest", kind, ...SLOW, "-u", `${url}/claims`]);
      const statuses: string[] = [];
      for (let i = 0; i < REQUESTS; i++) {
        await sleep(1_000);
        statuses.push(await asked());
      }
      const { stdout, stderr } = await slow;
      const ended = /Exit status:.*(Hit test time limit|No open connections left)/
        .test(stdout + stderr);
      const through = ended ? "ok" : "slowhttptest could not connect";
      const bad = statuses.filter((status) => status !== "200");
      cases.push({ what, direct: "ok", through: bad.length === 0 ? through : bad.join(" ") });
    }
    return cases;
  },
};
