import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/run.ts";

const STATIC_FILES = new URL("../../examples/client/static_files.ts", import.meta.url).href;

/** Says where `mime` is, which a program outside the project does not know. */
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Prints what a site of the first folder says to the paths after the second, the secrets. */
const PROGRAM = `
import { staticFiles } from ${JSON.stringify(STATIC_FILES)};
const [folder, secrets, ...paths] = Deno.args;
try {
  const site = await staticFiles(folder, secrets);
  for (const path of paths) {
    const response = await site(
      new Request("https://kaylee.example" + path, { headers: { "Sec-Fetch-Dest": "image" } }),
    );
    console.log(path, response.status, (await response.text()).trim());
  }
} catch (error) {
  console.log(error.message);
}`;

Deno.test({
  name: "--dir shows nothing of the state folder where that is mounted a second time",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "glosson_mounts_" });
    try {
      const [site, state] = [join(folder, "site"), join(folder, "state")];
      const mounted = join(site, "sub", "other");
      await Deno.mkdir(mounted, { recursive: true });
      await Deno.mkdir(join(state, "more"), { recursive: true });
      await Deno.writeTextFile(join(site, "index.html"), "home");
      await Deno.writeTextFile(join(state, "account.json"), "secret");
      await Deno.writeTextFile(join(state, "more", "key.pem"), "secret");
      await Deno.writeTextFile(join(folder, "program.ts"), PROGRAM);
      const show = `"$0" run --quiet --allow-read --config "$2" "$1/program.ts"`;
      const { stdout, stderr } = await run("unshare", [
        ...["--map-root-user", "--mount", "sh", "-c"],
        `mount --bind "$1/state" "$1/site/sub/other" &&
           ${show} "$1/site" "$1/state" /index.html /sub/other/account.json /sub/other/more/key.pem &&
           ${show} "$1/site/sub/other/more" "$1/state"`,
        ...[Deno.execPath(), folder, CONFIG],
      ], { env: { NO_COLOR: "1" } });
      assert.deepEqual(
        stdout.trim().split("\n"),
        [
          "/index.html 200 home",
          "/sub/other/account.json 404 There is nothing here.",
          "/sub/other/more/key.pem 404 There is nothing here.",
          `Cannot serve ${mounted}/more: the token and the key of this glosson are kept there`,
        ],
        stderr,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
