import assert from "node:assert/strict";
import { must } from "../../../scripts/run.ts";
import { until } from "../../certificate/helpers.ts";
import { setUpGlosson } from "../../stories/glosson.ts";
import { BASE, startRelay } from "../../stories/relay.ts";
import { visit } from "../../stories/user.ts";
import { startSystemd, type Systemd } from "./systemd.ts";

const HOST = `kaylee.${BASE}`;

/** Where the user who logs in there has everything. */
const USER = {
  ...{ HOME: "/run/home", XDG_RUNTIME_DIR: "/run/user/0", USER: "root" },
  PYTHONDONTWRITEBYTECODE: "1",
};

/** The unit that a login starts, user@.service, for a user who has no password and no session. */
async function userManager(): Promise<string> {
  const info = JSON.parse(await must(Deno.execPath(), ["info", "--json"]));
  const variables = { ...USER, DENO_DIR: info.denoDir };
  return `[Service]
Type=notify
Delegate=yes
KillMode=mixed
${Object.entries(variables).map(([name, value]) => `Environment=${name}=${value}`).join("\n")}
ExecStartPre=/bin/mkdir -p -m 700 ${USER.HOME} ${USER.XDG_RUNTIME_DIR}
ExecStart=/lib/systemd/systemd --user
`;
}

/** How a client is started. */
export interface InstalledClient {
  folder: string;
  command: string[];
}

/** The user at their computer. */
function userOf(systemd: Systemd, { folder, command }: InstalledClient) {
  const env = ["-C", folder, ...Object.entries(USER).map(([name, value]) => `${name}=${value}`)];
  async function run(...argv: string[]): Promise<string> {
    const { code, text } = await systemd.run("env", ...env, ...argv);
    assert.equal(code, 0, `${argv.join(" ")}: ${text}`);
    return text;
  }
  return {
    glosson: (...args: string[]) => run(...command, ...args),
    async units(): Promise<string[]> {
      const list = ["list-units", "--all", "--plain", "--no-legend", "glosson*"];
      const text = await run("systemctl", "--user", "--no-pager", ...list);
      return text.trim().split("\n").filter(Boolean).map((line) => line.split(" ")[0]!);
    },
    async show(unit: string, ...properties: string[]): Promise<string[]> {
      const text = await run(
        ...["systemctl", "--user", "show", unit, ...properties.flatMap((p) => ["-p", p])],
      );
      const values = Object.fromEntries(text.trim().split("\n").map((line) => line.split("=", 2)));
      return properties.map((property) => values[property]);
    },
  };
}

/**
 * Installs a client with the real systemd --user: it is online again after a restart, and ends for good when another
 * computer has taken the name over.
 */
export async function staysInstalled(client: InstalledClient): Promise<void> {
  await using relay = await startRelay();
  await using account = await setUpGlosson(relay, "kaylee");
  const [home, other] = [account.stateDir, `${account.stateDir}-other`];
  await must("cp", ["-a", home, other]);
  await using systemd = await startSystemd({
    "/etc/systemd/system/user.service": { text: await userManager() },
  });
  const isOnline = async (): Promise<boolean> => (await visit(relay, HOST)).status === 200;
  await systemd.systemctl("start", "user");
  const user = userOf(systemd, client);

  const said = await user.glosson("install", "--pool", "2", "--state", home);
  assert.match(said, /runs now, by systemd --user.*https:\/\/kaylee/);
  assert.match(said, /loginctl enable-linger/);
  await until(isOnline, "the page", 60_000);
  const [unit = ""] = await user.units();
  assert.match(await user.glosson("logs", "--state", home), /Online/);
  const status = await user.glosson("status", "--state", home);
  assert.match(status, /Installed: +yes, by systemd --user\n[^]*It said last:\n[^]*Online/);

  // The computer is started again.
  await systemd.systemctl("restart", "user");
  await until(isOnline, "the page after a restart", 60_000);

  // Another computer with the same account: this one gives way, and does not come back.
  await user.glosson("install", "--state", other);
  await until(
    async () => (await user.show(unit, "ActiveState"))[0] === "failed",
    "the end of the older one",
    60_000,
  );
  const facts = await user.show(unit, "SubState", "ExecMainStatus", "NRestarts");
  assert.deepEqual(facts, ["failed", "3", "0"]);
  assert.equal(await isOnline(), true);
  assert.match(await user.glosson("logs", "-n", "1", "--state", home), /took over this name/);
  assert.match(
    await user.glosson("status", "--state", home),
    /but it does not run: see/,
  );

  await user.glosson("uninstall", "--state", other);
  await user.glosson("uninstall", "--state", home);
  await systemd.run("systemctl", "--user", "reset-failed");
  assert.match(await user.glosson("status", "--state", home), /Running here: no\nInstalled: +no/);
  const left = await systemd.run("find", `${USER.HOME}/.config/systemd`, "-name", "glosson*");
  assert.equal(left.text, "");
}
