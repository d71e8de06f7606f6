import assert from "node:assert/strict";
import { loadConfig, secretsFileOf, settingsFileOf } from "../../lib/config/load.ts";

const FILE = `# a comment
GLOSSOND_BASE_DOMAIN=file.example
export GLOSSOND_AUTHORITY="local"

GLOSSOND_SECRETS_FILE = /run/secrets
`;

Deno.test("loadConfig() takes settings from the file, the environment's before them", () => {
  const env = { GLOSSOND_SETTINGS_FILE: "/etc/glossond/settings", GLOSSOND_HUB_PORT: "0" };
  const { settings, shown, problems } = loadConfig({ env, file: FILE });
  assert.deepEqual(problems, []);
  assert.equal(settings!.baseDomain, "file.example");
  assert.equal(settings!.hubPort, 0);
  const source = (name: string) => shown.find((s) => s.variable === `GLOSSOND_${name}`)?.source;
  assert.equal(source("BASE_DOMAIN"), "settings file");
  assert.equal(source("HUB_PORT"), "environment");
  const both = loadConfig({ env: { ...env, GLOSSOND_BASE_DOMAIN: "env.example" }, file: FILE });
  assert.equal(both.settings!.baseDomain, "env.example");
  assert.equal(settingsFileOf(env), "/etc/glossond/settings");
  assert.equal(secretsFileOf({ env, file: FILE }), "/run/secrets");
});

Deno.test("loadConfig() takes nothing of a settings file that it does not understand", () => {
  for (
    const [line, problem] of [
      ["GLOSSOND_BASE_DOMAN=x.example", /^The settings file's GLOSSOND_BASE_DOMAN .*BASE_DOMAIN/],
      ["HUB_PORT=1", /^The settings file's HUB_PORT is not a setting/],
      ["GLOSSOND_HUB_PORT 1", /^Line 2 of the settings file is not of the form/],
      ["GLOSSOND_HUB_PORT=one", /^GLOSSOND_HUB_PORT is "one", not a port/],
      ["GLOSSOND_SETTINGS_FILE=/other", /cannot be set in the settings file itself/],
    ] as const
  ) {
    const { settings, problems } = loadConfig({
      env: {},
      file: `GLOSSOND_AUTHORITY=local\n${line}\n`,
    });
    assert.equal(settings, undefined, line);
    assert.match(problems.join("\n"), problem);
  }
});

Deno.test("the example's settings are good, and have commands find the unit's state and secrets", async () => {
  const examples = new URL("../../examples/", import.meta.url);
  const [example, secretsExample, ofRelays] = await Promise.all(
    ["settings.example", "secrets.example", "relays/settings.example"].map((name) =>
      Deno.readTextFile(new URL(name, examples))
    ),
  );
  // What stands there for others to take holds as well, with its other half.
  const env = { GLOSSOND_ACME_EAB_KID: "kid" };
  const whole = (text: string): string => text.replace(/^#(?=[A-Z])/gm, "");
  const secrets = whole(secretsExample!).replace(/(?<=_(?:KEY|SECRET)=)$/gm, "c2VjcmV0");
  for (const file of [example!, whole(example!), `${example}${whole(ofRelays!)}`]) {
    const { settings, problems } = loadConfig({ env, file, secrets });
    assert.deepEqual(problems, []);
    assert.equal(settings!.stateDir, "/var/lib/glossond");
    assert.equal(secretsFileOf({ env: {}, file }), "/etc/glossond/secrets");
  }
});
