import assert from "node:assert/strict";
import { EXIT } from "../../lib/command/command.ts";
import { run } from "../../scripts/run.ts";
import { bareEnvironment, settingVariables } from "../stories/environment.ts";
import { ROOT } from "../stories/relay.ts";

const REFUSED = {
  serve:
    "glossond: GLOSSOND_PROCESSES needs the executable, which deno task compile makes, since deno task serve may not start itself; leave it at 1\n",
  dev:
    "glossond: GLOSSOND_PROCESSES is for glossond serve, a trial is one process; leave it at 1\n",
};

for (const [task, message] of Object.entries(REFUSED)) {
  Deno.test(`\`deno task ${task}\` tells that it is one process`, async () => {
    const dir = await Deno.makeTempDir({ prefix: "glossond-serve-" });
    try {
      const { code, stderr } = await run(Deno.execPath(), ["task", "--quiet", task], {
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
      assert.equal(stderr, message);
      assert.equal(code, EXIT.usage);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}
