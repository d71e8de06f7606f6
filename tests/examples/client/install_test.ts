import assert from "node:assert/strict";
import { join } from "node:path";
import { must } from "../../../scripts/run.ts";
import { install } from "../../../examples/client/install_commands.ts";
import { takeLock } from "../../../examples/client/lock.ts";
import type { Job, JobState, ServiceManager } from "../../../examples/client/service/service.ts";
import { State } from "../../../examples/client/state.ts";
import { withFolder } from "./story.ts";

/** A system that keeps in mind what it is to keep running. */
class Kept implements ServiceManager {
  readonly label = "this test";
  readonly jobs: Job[] = [];
  stands: JobState = "absent";

  isHere(): Promise<boolean> {
    return Promise.resolve(true);
  }

  install(job: Job): Promise<string[]> {
    this.jobs.push(job);
    return Promise.resolve([]);
  }

  uninstall(): Promise<void> {
    return Promise.resolve();
  }

  state(): Promise<JobState> {
    return Promise.resolve(this.stands);
  }
}

/** Has `glosson install` do its work for a state folder. */
async function installed(
  folder: string,
  kept: Kept,
  variables: Record<string, string> = {},
): Promise<string[]> {
  const state = new State(folder);
  await state.saveAccount({
    username: "kaylee",
    hostname: "kaylee.example.org",
    relay: "https://relay.example.org/",
    token: "token",
    keyType: "ecdsa",
  });
  const said: string[] = [];
  await install([], {
    state,
    say: (text) => said.push(text),
    env: (name) => variables[name],
    self: ["glosson"],
    managers: [kept],
  });
  return said;
}

Deno.test("install() leaves a glosson run alone that it has not begun, and begins none beside it", () =>
  withFolder(async (folder) => {
    const kept = new Kept();
    const lock = (await takeLock(`${folder}/lock`))!;
    await assert.rejects(installed(folder, kept), /Cannot install: another glosson is running/);
    assert.deepEqual(kept.jobs, []);
    // Its own is replaced.
    kept.stands = "running";
    assert.match((await installed(folder, kept))[0]!, /glosson runs now, by this test/);
    lock.release();
    kept.stands = "absent";
    assert.match((await installed(folder, kept))[0]!, /glosson runs now, by this test/);
    assert.equal(kept.jobs.length, 2);
  }));

Deno.test("install() gives each state folder a job of its own, the usual one's with the plain name", () =>
  withFolder(async (folder) => {
    const kept = new Kept();
    const folders = ["a-b", "a_b", "a/b"].map((name) => join(folder, name));
    for (const one of folders) await installed(one, kept);
    const names = kept.jobs.map(({ name }) => name);
    assert.equal(new Set(names).size, 3, `${names}`);
    for (const [i, one] of folders.entries()) {
      const hash = (await must("sh", ["-c", 'printf %s "$0" | sha256sum', one])).slice(0, 8);
      assert.match(names[i]!, new RegExp(`^glosson-[A-Za-z\\d-]+-a-b-${hash}$`));
    }
    await installed(join(folder, "glosson"), kept, { XDG_CONFIG_HOME: folder });
    assert.equal(kept.jobs.at(-1)!.name, "glosson");
  }));
