import { accountContract } from "./accounts.ts";
import { actContract } from "./acts.ts";
import { caaContract } from "./caa.ts";
import { claimContract } from "./claims.ts";
import { domainContract } from "./domains.ts";
import { figureContract } from "./figures.ts";
import { limitContract } from "./limits.ts";
import { nameContract } from "./names.ts";
import { onlineTimesContract } from "./online_times.ts";
import { orderContract } from "./orders.ts";
import { profileContract } from "./profiles.ts";
import { restContract } from "./rests.ts";
import { storeContract } from "./store.ts";
import type { Holds, WithSubject } from "./subject.ts";

/**
 * Tests what any implementation of `Store` has to do, whatever engine is behind it.
 *
 * @param engine its name, for the tests'.
 * @param withSubject hands a new store to each test, and takes away after it what was opened.
 */
export function testStore(engine: string, withSubject: WithSubject): void {
  const holds: Holds = (what, use) => {
    Deno.test(`${engine}: ${what}`, () => withSubject(use));
  };
  storeContract(holds);
  accountContract(holds);
  actContract(holds);
  claimContract(holds);
  orderContract(holds);
  onlineTimesContract(holds);
  nameContract(holds);
  restContract(holds);
  figureContract(holds);
  limitContract(holds);
  profileContract(holds);
  domainContract(holds);
  caaContract(holds);
}
