import assert from "node:assert/strict";
import type { VisitorLimits } from "../../../../examples/client/front/limits.ts";
import { HOSTNAME } from "./fronted.ts";
import { FrontProcess, type FrontProgram } from "./front_process.ts";
import { PathApp } from "./path_app.ts";
import { RawVisitor } from "./raw_visitor.ts";

/** How many of them at once. */
const AT_ONCE = 32;

/** Descriptors that the runtime may open for itself at any time. */
const RUNTIMES_OWN = 8;

/** Short, so that what only time ends does not take minutes; visitors who do well keep them on a busy machine. */
const LIMITS: Partial<VisitorLimits> = {
  handshake: 6_000,
  head: 6_000,
  keepAlive: 2_000,
  upload: 2_000,
  halfClosed: 500,
  linger: 500,
};

/** A kind of visit: what one does, and what is closed once the front has given up all of them. */
export interface Kind {
  name: string;
  /** How many of them stand for one of another kind. @default {1} */
  share?: number;
  /** @param i which one it is, for those that differ. */
  visit: (front: FrontProcess, i: number) => Promise<{ close(): void }>;
}

/** The bytes of a request's head. */
export function head(path: string, ...fields: string[]): string {
  return [`GET ${path} HTTP/1.1`, `Host: ${HOSTNAME}`, ...fields, "", ""].join("\r\n");
}

/** A visitor who gets an answer, and closes. */
async function good(front: FrontProcess): Promise<void> {
  const visitor = await RawVisitor.open(front);
  visitor.send(head("/"));
  await visitor.upTo("\r\n\r\nok");
  visitor.close();
}

/**
 * Makes many visits of each kind to a front in a process of its own, and looks at what each kind
 * leaves behind there: places, requests, descriptors, errors; and whether the process ends by itself
 * once it is asked to stop.
 */
export async function leavesNothing(
  t: Deno.TestContext,
  kinds: Kind[],
  count: number,
  program?: FrontProgram,
): Promise<void> {
  const app = await PathApp.start();
  const front = await FrontProcess.start(app.port, LIMITS, program);
  try {
    for (let i = 0; i < AT_ONCE; i++) await good(front);
    const before = await front.settled(({ connections }) => connections === 0);
    for (const { name, share = 1, visit } of kinds) {
      await t.step(name, async () => {
        const visitors: { close(): void }[] = [];
        let begun = 0;
        await Promise.all(Array.from({ length: AT_ONCE }, async () => {
          while (begun < count * share) visitors.push(await visit(front, begun++));
        }));
        await good(front);
        const most = before.descriptors + RUNTIMES_OWN;
        const after = await front.settled(({ connections, answering, descriptors }) =>
          connections === 0 && answering === 0 && descriptors <= most
        );
        visitors.forEach((visitor) => visitor.close());
        const { connections, answering, uncaught } = after;
        assert.deepEqual([connections, answering, uncaught], [0, 0, 0]);
        assert.ok(after.descriptors <= most, `${after.descriptors} descriptors, not ${most}`);
        await app.empty();
      });
    }
    assert.equal(await front.stop(), 0);
  } finally {
    front.kill();
    await app.stop();
  }
}
