import assert from "node:assert/strict";
import { setUpGlosson } from "./glosson.ts";
import { BASE, startRelay } from "./relay.ts";
import { visit } from "./user.ts";

Deno.test("a user says what visitors see, renames and releases, by the client alone", async () => {
  await using relay = await startRelay();
  // The relay is found at `relay.` below the domain that people know.
  const url = `https://${BASE}:${relay.ports.hub}`;
  await using glosson = await setUpGlosson(relay, "kaylee", { url });
  const account = JSON.parse(await Deno.readTextFile(`${glosson.stateDir}/account.json`));
  assert.equal(account.relay, `https://relay.${BASE}:${relay.ports.hub}/`);

  async function does(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await glosson.command(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }
  const page = (name = "kaylee") => visit(relay, `${name}.${BASE}`);

  // One line a request, without what stands behind the question mark.
  const run = glosson.run("--verbose");
  await run.said(/ Online /);
  assert.equal((await visit(relay, `kaylee.${BASE}`, "/page?token=secret")).status, 404);
  const line = await run.said(/ debug +Request /);
  assert.match(line, /method=GET path=\/page status=404 ms=\d+ bytes=\d+$/);
  assert.ok(!run.lines.some((text) => text.includes("secret")));
  const busy = await glosson.command("rename", "inara", "--yes");
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /Cannot rename: another glosson is running/);
  assert.equal((await run.stop()).code, 0);

  assert.match(await does("away", "Back <b>soon</b>"), /your words "Back <b>soon<\/b>"/);
  assert.match((await page()).body, /Back &lt;b&gt;soon&lt;\/b&gt;/);
  assert.match(
    await does("privacy", "offline-page", "plain"),
    /see that you are, and nothing else/,
  );
  assert.match(await does("privacy", "offline-page", "none"), /get no page at all/);
  await does("privacy", "offline-page", "full");
  assert.match(await does("privacy", "last-seen", "off"), /see that you are, your words/);
  assert.match(await does("away", "--clear"), /see that you are\.\n$/);

  // The new name first; a code that is never found leaves all as it was.
  const alone = await glosson.command("rename", "inara");
  assert.match(
    alone.stderr,
    /This claims inara and then gives kaylee\.\S+ back\. To go ahead, add --yes/,
  );
  await does("rename", "inara", "--yes", "--bio-file", `${relay.biosDir}/inara.txt`);
  assert.match((await page()).body, /Nobody lives here yet/);
  const again = glosson.run();
  await again.said(/ Online /);
  assert.equal((await page("inara")).status, 200);

  assert.match(
    (await glosson.command("release")).stderr,
    /others may claim it\. To go ahead, add --yes/,
  );
  assert.match(await does("release", "--yes"), /inara\.glosson\.localhost is given back/);
  // The session of a name that is given back ends with the code for a token that is void.
  assert.equal((await again.ended).code, 4);
  assert.match((await glosson.command("away", "x")).stderr, /Nothing is set up/);
  const kept = [...Deno.readDirSync(glosson.stateDir)].map(({ name }) => name);
  assert.deepEqual(kept.filter((name) => /account|identity|former|ca\.pem/.test(name)), []);
});

Deno.test("the newest of two computers stays, the older one ends and tells why by its exit code", async () => {
  await using relay = await startRelay();
  await using older = await setUpGlosson(relay, "kaylee");
  const first = older.run();
  await first.said(/ Online /);
  // As on another computer: a folder of its own with the same account.
  const copy = await Deno.makeTempDir({ prefix: "glosson-copy-" });
  try {
    for (const name of ["account.json", "identity.pem", "ca.pem"]) {
      await Deno.copyFile(`${older.stateDir}/${name}`, `${copy}/${name}`);
    }
    const second = older.run("--state", copy);
    await second.said(/ Online /);
    assert.equal((await first.ended).code, 3);
    assert.equal((await visit(relay, `kaylee.${BASE}`)).status, 200);
    assert.equal((await second.stop()).code, 0);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  await relay.stop();
  const gone = await older.command("away", "x");
  assert.equal(gone.code, 6);
  assert.match(gone.stderr, /Cannot reach the relay/);
});
