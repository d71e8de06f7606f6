import { COME_BACK } from "./faults/come_back.ts";
import { elsewhere } from "./faults/elsewhere.ts";
import { ISSUING, Issuing } from "./faults/issuing.ts";
import { Machine, machineRows } from "./faults/machine.ts";
import { NETWORK } from "./faults/network.ts";
import { live, type Lived, liveInTurn, tableOf } from "./faults/row.ts";
import { TOLD } from "./faults/told.ts";
import { World } from "./faults/world.ts";

/** Whether a row is wanted: all are, unless the variable FAULTS has a pattern for their names. */
function isWanted({ name }: { name: string }): boolean {
  return new RegExp(Deno.env.get("FAULTS") ?? "").test(name);
}

/** How many of the short rows are lived through at once. */
const SHARES = 3;

/** What goes wrong for one client of a relay, each in a network of its own and beside the others. */
async function clients(): Promise<Lived[]> {
  await using world = await World.open();
  // Those who come back mostly wait; what the others do is to be quick.
  const short = [...TOLD, ...NETWORK].filter(isWanted);
  const shares = Array.from({ length: SHARES }, (_, i) => short.filter((_, j) => j % SHARES === i));
  return (await Promise.all([
    ...COME_BACK.filter(isWanted).map(async (row) => [await live(world, row)]),
    ...shares.map((rows) => liveInTurn(world, rows)),
  ])).flat();
}

/** What goes wrong with a relay's machine. */
async function machine(): Promise<Lived[]> {
  await using machine = await Machine.start();
  return await liveInTurn(machine.world, machineRows(machine).filter(isWanted));
}

/** What an ACME server does to a relay. */
async function issuing(): Promise<Lived[]> {
  await using world = await Issuing.start();
  return await liveInTurn(world, ISSUING.filter(isWanted));
}

Deno.test("whatever goes wrong for one, others notice nothing, and it comes back by itself", async (t) => {
  const lived = (await Promise.all([clients(), machine(), issuing(), elsewhere()])).flat();
  for (const { name, happened, bystander, error } of lived) {
    await t.step(`${name} | ${happened} | a bystander: ${bystander}`, () => {
      if (error !== undefined) throw error;
    });
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${tableOf(lived)}\n`));
});
