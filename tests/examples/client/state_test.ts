import assert from "node:assert/strict";
import { join } from "node:path";
import { noteKey, ownKeys } from "../../../examples/client/known_keys.ts";
import { takeLock } from "../../../examples/client/lock.ts";
import { State } from "../../../examples/client/state.ts";
import { fingerprintOfPrivateKey } from "../../../lib/pki/key_fingerprint.ts";
import { selfSignedIdentity } from "../../../lib/pki/self_signed.ts";
import { withFolder } from "./story.ts";

const LOCK = "../../../examples/client/lock.ts";

const ACCOUNT = {
  username: "kaylee",
  hostname: "kaylee.glosson.localhost",
  relay: "https://localhost:9443/",
  token: "token",
  keyType: "ecdsa",
} as const;

const PEM = (label: string): string => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;

Deno.test("State keeps what it is given", () =>
  withFolder(async (folder) => {
    const state = new State(join(folder, "deep", "state"));
    assert.equal(await state.account(), undefined);
    assert.equal(await state.identity(), undefined);
    await state.saveAccount(ACCOUNT);
    assert.deepEqual(await state.account(), ACCOUNT);
    const identity = {
      key: PEM("PRIVATE KEY"),
      chain: PEM("CERTIFICATE") + PEM("CERTIFICATE"),
      renewAfter: "2030-01-01T00:00:00Z",
    };
    await state.saveIdentity(identity);
    assert.deepEqual(await state.identity(), identity);
    await state.savePendingCertificate({ id: "1", key: "k" });
    await state.forgetIdentity();
    assert.equal(await state.identity(), undefined);
    assert.equal(await state.pendingCertificate(), undefined);
    await state.forgetIdentity();
  }));

Deno.test("State knows keys of a name that is given up, for certificates that outlive it", () =>
  withFolder(async (folder) => {
    const state = new State(folder);
    const { key } = await selfSignedIdentity([ACCOUNT.hostname], Date.now());
    await state.saveAccount(ACCOUNT);
    await noteKey(state, key);
    for (const forget of [() => state.forgetIdentity(), () => state.forgetAccount()]) {
      await state.saveList("logged.json", ["1"]);
      await forget();
      assert.deepEqual(await ownKeys(state), [fingerprintOfPrivateKey(key)]);
      assert.deepEqual(await state.list("logged.json"), []);
    }
    assert.equal(await state.account(), undefined);
  }));

Deno.test("State says which file is damaged", () =>
  withFolder(async (folder) => {
    const state = new State(folder);
    for (const text of ["", "null", "{}", '{"username": 1}', "[]", '{"username":"x"']) {
      await Deno.writeTextFile(state.path("account.json"), text);
      await assert.rejects(state.account(), /account\.json: it is damaged/);
    }
    for (const text of ["", "no PEM"]) {
      await Deno.writeTextFile(state.path("ca.pem"), text);
      await assert.rejects(state.ca(), /ca\.pem: it is damaged/);
    }
    await Deno.writeTextFile(state.path("identity.pem"), "no PEM");
    assert.equal(await state.identity(), undefined);
  }));

Deno.test({
  name: "State is for its owner only, and leaves no half-written file",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const state = new State(join(folder, "state"));
      await state.saveAccount(ACCOUNT);
      await state.saveAccount({ ...ACCOUNT, token: "other" });
      await state.saveIdentity({ key: PEM("PRIVATE KEY"), chain: PEM("CERTIFICATE") });
      (await takeLock(state.path("lock")))!.release();
      assert.equal((await Deno.stat(state.folder)).mode! & 0o777, 0o700);
      const names: string[] = [];
      for await (const { name } of Deno.readDir(state.folder)) {
        names.push(name);
        assert.equal((await Deno.stat(state.path(name))).mode! & 0o777, 0o600, name);
      }
      assert.deepEqual(names.sort(), ["account.json", "identity.pem", "lock"]);
    }),
});

Deno.test({
  name: "State.create() closes an empty folder to others, and leaves one in use alone",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const mode = async (path: string): Promise<number> => (await Deno.stat(path)).mode! & 0o777;
      const [empty, used] = [join(folder, "empty"), join(folder, "used")];
      for (const path of [empty, used]) {
        await Deno.mkdir(path);
        await Deno.chmod(path, 0o755);
      }
      await Deno.writeTextFile(join(used, "something"), "");
      await new State(empty).create();
      await new State(used).create();
      assert.equal(await mode(empty), 0o700);
      assert.equal(await mode(used), 0o755);
    }),
});

Deno.test("takeLock() lets one in until it is released", () =>
  withFolder(async (folder) => {
    const path = join(folder, "lock");
    const first = await takeLock(path);
    assert.notEqual(first, undefined);
    assert.equal(await takeLock(path), undefined);
    first!.release();
    const second = await takeLock(path);
    assert.notEqual(second, undefined);
    second!.release();
  }));

Deno.test("takeLock() needs no leave to write where the file is there", () =>
  withFolder(async (folder) => {
    const path = join(folder, "lock");
    (await takeLock(path))!.release();
    const program = `
      import { takeLock } from ${JSON.stringify(import.meta.resolve(LOCK))};
      console.log(await takeLock(${JSON.stringify(path)}) === undefined ? "held" : "taken");
    `;
    /** What somebody says who may only read, as on a disk that is mounted so. */
    async function said(): Promise<string> {
      const process = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--allow-read", "-"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = process.stdin.getWriter();
      await writer.write(new TextEncoder().encode(program));
      await writer.close();
      const { stdout, stderr } = await process.output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    }
    assert.equal(await said(), "taken\n");
    const lock = (await takeLock(path))!;
    assert.equal(await said(), "held\n");
    lock.release();
    await Deno.remove(path);
    assert.match(await said(), /Requires write access to .*lock/);
  }));

Deno.test("State names the file that it cannot write", () =>
  withFolder(async (folder) => {
    const state = new State(join(folder, "state"));
    await Deno.mkdir(join(folder, "state", "account.json", "in the way"), { recursive: true });
    await assert.rejects(
      state.saveAccount(ACCOUNT),
      /^Error: Cannot write .*account\.json: .*os error/,
    );
  }));
