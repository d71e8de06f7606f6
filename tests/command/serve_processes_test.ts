import assert from "node:assert/strict";
import { EXIT } from "../../lib/command/command.ts";
import { run } from "../../scripts/run.ts";
import { bareEnvironment, settingVariables } from "../stories/environment.ts";
import { ROOT } from "../stories/relay.ts";

Deno.test("`deno task serve` tells that several processes take the executable", async () => {
  const dir = await Deno.makeTempDir({ prefix: "glossond-serve-" });
  try {
    const { code, stderr } = await run(Deno.execPath(), ["task", "--quiet", "serve"], {
      cwd: ROOT,
      clearEnv: true,
      env: {
        ...bareEnvironment(dir),
        ...settingVariables({
          ...{ AUTHORITY: "local", BASE_DOMAIN: "glosson.localhost", STATE_DIR: `${dir}/state` },
          ...{ GET_BIO_SCRIPT: `${ROOT}get_bio.example.py`, SECRETS_FILE: `${dir}/.secrets` },
          ...{ PROCESSES: "2", DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing" },
        }),
      },
    });
    assert.equal(
      stderr,
      "glossond: GLOSSOND_PROCESSES needs the executable, which deno task compile makes, since deno task serve may not start itself; leave it at 1\n",
    );
    assert.equal(code, EXIT.usage);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
