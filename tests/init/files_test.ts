import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { readDotenv } from "../../lib/config/dotenv.ts";
import { filesOf } from "../../lib/init/files.ts";
import { type Given, interview } from "../../lib/init/interview.ts";
import { type Machine, PATHS } from "../../lib/init/machine.ts";

const NONE: Machine = {
  ...{ haproxy: false, apache: false, hasUnit: false, settings: {} },
  secrets: { POWERDNS_API_KEY: "key" },
};
const NEEDED = {
  ...{ BASE_DOMAIN: "b.example", ACME_EMAIL: "me@b.example" },
  PDNS_API_URL: "http://127.0.0.1:8081",
};

/** What `init --yes` writes on a machine. */
async function written(machine: Machine, given: Partial<Given> = {}) {
  const answers = await interview(
    machine,
    { settings: NEEDED, profile: {}, ...given },
    ({ fallback }) => Promise.resolve(fallback),
  );
  const files = filesOf(answers!, machine);
  const textOf = (path: string): string | undefined =>
    files.find((file) => file.path === path)?.text;
  const file = textOf(PATHS.settings)!;
  const { settings, problems } = loadConfig({ env: {}, file, secrets: textOf(PATHS.secrets)! });
  assert.deepEqual(problems, []);
  return { file, settings: settings!, textOf };
}

/** The machine after that. */
function after(machine: Machine, file: string): Machine {
  return { ...machine, settings: readDotenv(file).values };
}

Deno.test("init writes the ports and places that it is given, HAProxy's part with them", async () => {
  const { settings, textOf } = await written({ ...NONE, haproxy: true }, {
    settings: { ...NEEDED, HUB_PORT: "8444", HTTP_PORT: "8081", STATE_DIR: "/srv/glossond" },
  });
  assert.deepEqual([settings.hubPort, settings.httpPort], [8444, 8081]);
  assert.equal(settings.stateDir, "/srv/glossond");
  const haproxy = textOf(PATHS.haproxy)!;
  assert.match(
    haproxy,
    /^ {4}server hub 127\.0\.0\.1:8444 socks4 127\.0\.0\.1:8444 send-proxy-v2$/m,
  );
  assert.match(haproxy, /^ {4}server http 127\.0\.0\.1:8081$/m);
  const alone = await written(NONE, { settings: { ...NEEDED, HUB_HOST: "192.0.2.7" } });
  assert.deepEqual([alone.settings.hubHost, alone.settings.hubPort], ["192.0.2.7", 443]);
});

Deno.test("init asks for neither an ACME account nor the zone's server where the authority is the embedded one", async () => {
  const machine = { ...NONE, secrets: {} };
  const asked: string[] = [];
  const given = { settings: { AUTHORITY: "local", BASE_DOMAIN: "b.example" }, profile: {} };
  const answers = await interview(machine, given, ({ insteadOf, fallback }) => {
    asked.push(insteadOf);
    return Promise.resolve(fallback);
  });
  assert.deepEqual(asked, ["--front", "--apache", "--profile-url"]);
  const [file, secrets] = [PATHS.settings, PATHS.secrets].map((path) =>
    filesOf(answers!, machine).find((file) => file.path === path)!.text
  );
  const { settings, problems } = loadConfig({ env: {}, file: file!, secrets: secrets! });
  assert.deepEqual(problems, []);
  assert.equal(settings!.authority, "local");
  // So does whoever runs it again.
  const again = await interview(
    after(machine, file!),
    { settings: {}, profile: {} },
    (question) => Promise.resolve(question.fallback),
  );
  assert.equal(again?.settings.AUTHORITY, "local");
});

Deno.test("init lets hold what held before: front, ports, state folder and bio script", async () => {
  // There is an HAProxy, which is not in front.
  const machine = { ...NONE, haproxy: true };
  const first = await written(machine, { front: "alone" });
  const edited = first.file.replace("HUB_PORT=443", "HUB_PORT=8444")
    .replace("/var/lib/glossond", "/srv/glossond").replace("GLOSSOND_HTTP_PORT=80\n", "")
    .replace(PATHS.bioScript, "/opt/bio.py");
  const again = await written(after(machine, edited));
  assert.equal(again.file, edited);
  assert.equal(again.textOf(PATHS.bioScript), undefined);
  assert.equal(again.textOf(PATHS.haproxy), undefined);
  await assert.rejects(
    written(after(machine, edited), { profile: { url: "https://c.example/{name}" } }),
    /--profile-url .* GET_BIO_SCRIPT names another/,
  );

  // What another front needs takes the place of what the one before did.
  const moved = await written(after(machine, edited), { front: "haproxy" });
  assert.deepEqual([moved.settings.hubHost, moved.settings.hubPort], ["127.0.0.1", 4430]);
  assert.deepEqual(moved.settings.proxyProtocolFrom, ["127.0.0.1"]);
  assert.equal(moved.settings.stateDir, "/srv/glossond");
});
