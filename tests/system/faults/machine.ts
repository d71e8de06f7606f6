import assert from "node:assert/strict";
import { must, run } from "../../../scripts/run.ts";
import { until } from "../../certificate/helpers.ts";
import { apiOf } from "../../stories/user.ts";
import { SetClock } from "./clock.ts";
import { AWAY, ONLINE } from "./home.ts";
import { got, online, servedWithin } from "./steps.ts";
import { type Row, World } from "./world.ts";

/** Size of the disk that the relay's state is on. */
const DISK_BYTES = 8 << 20;

/** How long the relay is stopped at most. */
const STOPPED_MS = 15_000;

/** The machine that a relay runs on: its disk, its clock, its programs. */
export class Machine implements AsyncDisposable {
  readonly world: World;
  readonly #dir: string;
  readonly #clock: SetClock;
  readonly #stack: AsyncDisposableStack;

  private constructor(world: World, dir: string, clock: SetClock, stack: AsyncDisposableStack) {
    this.world = world;
    this.#dir = dir;
    this.#clock = clock;
    this.#stack = stack;
  }

  /** Starts a relay on a machine of its own; takes root and loop devices. */
  static async start(): Promise<Machine> {
    await using stack = new AsyncDisposableStack();
    const dir = await Deno.makeTempDir({ prefix: "glossond-machine-" });
    stack.defer(() => Deno.remove(dir, { recursive: true }).catch(() => {}));
    for (const name of ["state", "bin"]) await Deno.mkdir(`${dir}/${name}`);
    await Deno.writeFile(`${dir}/disk`, new Uint8Array(DISK_BYTES));
    await must("mkfs.ext4", ["-q", `${dir}/disk`]);
    await mountDisk(dir);
    stack.defer(() => unmountDisk(dir).catch(() => {}));
    const clock = new SetClock(`${dir}/clock`);
    await installPython(dir);
    const launcher = [...clock.launcher, `PATH=${dir}/bin`];
    const world = stack.use(
      await World.open({ dir, launcher, settings: { CLAIMS_PER_HOUR: "1000" } }),
    );
    // Before the relay's folder is removed, which something mounted there would keep.
    stack.defer(() => unmountDisk(dir));
    return new Machine(world, dir, clock, stack.move());
  }

  /** Takes what is left of the disk, until told to give it back. */
  async fillDisk(): Promise<() => Promise<void>> {
    const filler = `${this.#dir}/state/filler`;
    // Fails for want of room; `sync` takes what was only promised.
    await run("sh", ["-c", `cat /dev/zero > "${filler}"; sync "${filler}"`]);
    return () => Deno.remove(filler);
  }

  /** Has the disk fail, whereupon the kernel lets nothing be written to it any more. */
  async breakDisk(): Promise<void> {
    await must("mount", ["-o", "remount,abort", `${this.#dir}/state`]);
  }

  /** Sets the clock of the machine so many seconds off, and waits until the relay goes by it. */
  async setClock(seconds: number): Promise<void> {
    this.#clock.set(seconds);
    const { lines } = this.world.relay;
    const offS = () => (Date.parse(String(lines.at(-1)?.time)) - Date.now()) / 1_000;
    // The bystander's visitors have it write lines all the time.
    await until(() => Math.abs(offS() - seconds) < 60, "the relay has noticed the time");
  }

  /** Has the machine a `python3`, or none. */
  async hasPython(does: boolean): Promise<void> {
    if (does) await installPython(this.#dir);
    else await Deno.remove(`${this.#dir}/bin/python3`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function mountDisk(dir: string): Promise<void> {
  await must("mount", ["-o", "loop,errors=remount-ro", `${dir}/disk`, `${dir}/state`]);
}

/** Takes it out of the folder; it is closed once nobody has a file of it open. */
async function unmountDisk(dir: string): Promise<void> {
  await must("umount", ["-l", `${dir}/state`]);
}

async function installPython(dir: string): Promise<void> {
  await Deno.symlink("/usr/bin/python3", `${dir}/bin/python3`);
}

/** What somebody gets who asks for a name: the last answer's status and problem. */
async function claim(
  { relay }: World,
  username: string,
): Promise<{ status: number; type?: string; detail?: string }> {
  const api = apiOf(relay);
  using _client = api.client;
  const { status, body } = await api.request("POST", "/v1/claims", { body: { username } });
  if (status !== 201) return { status, type: body.type, detail: body.detail };
  await Deno.writeTextFile(`${relay.biosDir}/${username}.txt`, body.code);
  const verified = await api.request("POST", `/v1/claims/${body.claim}/verify`);
  return { status: verified.status, type: verified.body.type, detail: verified.body.detail };
}

/** Claims names until one is refused: the last of a disk's room is not to be had at once. */
async function firstRefusal(world: World): Promise<string> {
  for (let i = 0; i < 50; i++) {
    const { status, type } = await claim(world, `river${i}`);
    if (status === 200) continue;
    assert.deepEqual([status, type], [503, "urn:glosson:problem:busy"]);
    const { error } = await world.relay.logged(
      "a request needs the database, which cannot be used",
    );
    assert.match(
      String(error),
      new RegExp(
        `Cannot use the database ${world.relay.stateDir}/glossond.sqlite: .*; see that its disk`,
      ),
    );
    world.relay.lines.length = 0;
    return `a claim got 503, the log names the database: ${/: ([^;]+);/.exec(String(error))![1]}`;
  }
  throw new Error("No claim was refused");
}

/** What the machine of a relay can do to it: one after another, each mended in the end. */
export function machineRows(machine: Machine): Row[] {
  return [
    {
      name: "disk full",
      async happen(world) {
        await using home = await world.home();
        const free = await machine.fillDisk();
        const refused = await firstRefusal(world);
        await online(home);
        assert.equal(await got(world, home), "served");
        await free();
        assert.equal((await claim(world, "inara")).status, 200);
        return `${refused}; with room again it works`;
      },
    },
    {
      name: "python3 missing",
      async happen(world) {
        await machine.hasPython(false);
        const refused = await claim(world, "simon");
        await machine.hasPython(true);
        assert.deepEqual([refused.status, refused.type], [
          503,
          "urn:glosson:problem:profile-unavailable",
        ]);
        await world.relay.logged("cannot start the bio script's interpreter; is it installed?", {
          interpreter: "python3",
        });
        assert.equal((await claim(world, "simon")).status, 200);
        return "a claim got 503, the log says what to install; with it again it works";
      },
    },
    ...[3_600, -3_600].map((seconds): Row => ({
      name: `relay's clock jumps an hour ${seconds > 0 ? "ahead" : "back"}, and to the right time`,
      async happen(world) {
        await using home = await world.home();
        const client = await online(home);
        for (const [i, offset] of [seconds, 0].entries()) {
          await machine.setClock(offset);
          assert.equal(client.count(AWAY), i, "the session goes on");
          assert.equal((await claim(world, `zoe${seconds}${i}`)).status, 200);
          // Whoever comes now is let in too.
          home.way.gate.reset();
          await until(() => client.count(ONLINE) === i + 2, "the next session", 30_000);
          await servedWithin(world, home, 10);
        }
        return "sessions went on, claims and new sessions were made";
      },
    })),
    {
      name: "relay stopped by SIGSTOP, and continued",
      waitMs: STOPPED_MS,
      async happen(world) {
        await using home = await world.home();
        const client = await online(home, { paced: true });
        Deno.kill(world.relay.pid, "SIGSTOP");
        client.pace(20);
        await client.said(AWAY);
        Deno.kill(world.relay.pid, "SIGCONT");
        client.pace(1);
        return `the client noticed, back after ${await servedWithin(world, home, 60)}`;
      },
    },
    {
      name: "state on a disk that can only be read",
      async happen(world) {
        await using home = await world.home();
        await machine.breakDisk();
        const refused = await firstRefusal(world);
        await online(home);
        assert.equal(await got(world, home), "served");
        return refused;
      },
    },
  ];
}
