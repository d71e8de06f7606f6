import assert from "node:assert/strict";
import { settingsDifference, withLive } from "../../lib/config/difference.ts";
import { loadConfig } from "../../lib/config/load.ts";
import type { Settings } from "../../lib/config/settings.ts";

function settings(file: string, secrets: string): Settings {
  const env = {
    GLOSSOND_ACME_EMAIL: "a@example.org",
    GLOSSOND_PDNS_API_URL: "http://127.0.0.1:8081",
  };
  const loaded = loadConfig({ env, file, secrets });
  assert.deepEqual(loaded.problems, []);
  return loaded.settings!;
}

const OLD = settings("GLOSSOND_CONTACT=old@example.org\n", "POWERDNS_API_KEY=one\n");
const NEW = settings("GLOSSOND_LOG_LEVEL=debug\nGLOSSOND_HUB_PORT=1\n", "POWERDNS_API_KEY=two\n");

Deno.test("settingsDifference() shows what changed, secrets without their values", () => {
  assert.deepEqual(settingsDifference(OLD, OLD), []);
  assert.deepEqual(settingsDifference(OLD, NEW), [
    { setting: "GLOSSOND_HUB_PORT", live: false, from: 4430, to: 1 },
    { setting: "GLOSSOND_CONTACT", live: true, from: "old@example.org" },
    { setting: "GLOSSOND_POWERDNS_API_KEY", live: true },
    { setting: "GLOSSOND_LOG_LEVEL", live: true, from: "info", to: "debug" },
  ]);
});

Deno.test("withLive() takes over what can change, and nothing else", () => {
  const held = withLive(OLD, NEW);
  assert.equal(held.hubPort, 4430);
  assert.equal(held.contact, undefined);
  assert.equal(held.pdnsApiKey, "two");
  assert.equal(held.logLevel, "debug");
  assert.deepEqual(settingsDifference(held, NEW).map(({ setting }) => setting), [
    "GLOSSOND_HUB_PORT",
  ]);
});
