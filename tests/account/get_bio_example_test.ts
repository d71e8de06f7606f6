import assert from "node:assert/strict";
import { createBioCommand } from "../../lib/account/bio_command.ts";
import { withProfile } from "../../lib/init/bio_script.ts";

const EXAMPLE = new URL("../../get_bio.example.py", import.meta.url);

/** Runs a story with a copy of the example and its `bios` folder. */
async function withExample(story: (script: string, bios: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.copyFile(EXAMPLE, `${folder}/get_bio.py`);
    await Deno.mkdir(`${folder}/bios`);
    await story(`${folder}/get_bio.py`, `${folder}/bios`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("get_bio.example.py prints bios/NAME.txt, also an empty one", () =>
  withExample(async (script, bios) => {
    const command = createBioCommand({ script });
    await Deno.writeTextFile(`${bios}/kaylee.txt`, "tea, ünïcode and glosson-abc");
    await Deno.writeTextFile(`${bios}/quiet.txt`, "");
    assert.deepEqual(await command.run("kaylee"), {
      state: "found",
      bio: "tea, ünïcode and glosson-abc\n",
    });
    assert.deepEqual(await command.run("quiet"), { state: "found", bio: "\n" });
    assert.deepEqual(await command.run("nobody"), { state: "not-found" });
    await Deno.writeTextFile(`${bios}/quiet.id`, "4711\n");
    assert.deepEqual(await command.run("quiet"), {
      ...{ state: "found", bio: "\n", profileId: "4711" },
    });
  }));

Deno.test("get_bio.example.py does not call trouble a missing profile", () =>
  withExample(async (script, bios) => {
    const command = createBioCommand({ script });
    await Deno.mkdir(`${bios}/folder.txt`);
    for (const name of ["folder", "../bios/kaylee", "Kaylee", ""]) {
      assert.equal((await command.run(name)).state, "unavailable", name);
    }
  }));

/** The example as an operator leaves it: with these two lines written. */
async function fill(script: string, url: string, selector: string): Promise<void> {
  const source = withProfile(await Deno.readTextFile(EXAMPLE), { url, selector });
  await Deno.writeTextFile(script, source);
}

/** A page as a community may have it; the bio is in it as HTML. */
function page(bio: string): Response {
  const body = `<!doctype html><head><meta name="description" content="glosson-head">
    <title>glosson-no</title></head><body><p>unclosed <div class="note">glosson-no</div>
    <div id="profile"><h1 class="bio-title">Kaylee</h1>${bio}</div>
    <div class="comments"><div class="bio note">glosson-other</div></div>`;
  return new Response(body, { headers: { "Content-Type": "text/html; charset=utf-8" } });
}

const SITE: Record<string, () => Response> = {
  "/kaylee": () => Response.json({ bio: "glosson-abc", user: { about: { text: "glosson-def" } } }),
  "/known": () => Response.json({ bio: "glosson-abc", id: 4711 }),
  "/empty": () => Response.json({ bio: null, user: { about: { text: "" } } }),
  "/odd": () => new Response("maintenance"),
  "/moved": () => new Response("", { status: 302, headers: { Location: "/kaylee" } }),
  "/broken": () => new Response("", { status: 500 }),
  "/large": () => Response.json({ bio: "x".repeat(1_000_000) }),
  "/page": () =>
    page('<div class="a bio">tea &amp;<br>glosson-<b>abc</b><script>no()</script></div>'),
  "/nothing": () => page(""),
  "/marked": () => new Response('\ufeff{"bio": "glosson-abc"}'),
  "/unlabelled": () =>
    new Response('\n{"bio": "glosson-abc"}', { headers: { "Content-Type": "text/html" } }),
  "/xhtml": () =>
    new Response('<?xml version="1.0"?><html><p class="bio">glosson-abc</p></html>', {
      headers: { "Content-Type": "application/xhtml+xml" },
    }),
  "/utf16": () =>
    new Response(
      new Uint8Array(
        new Uint16Array(Array.from('\ufeff{"bio": "glosson-abc"}', (c) => c.charCodeAt(0))).buffer,
      ),
      {
        headers: { "Content-Type": "application/json; charset=utf-16" },
      },
    ),
  "/latin1": () =>
    new Response(
      new Uint8Array(Array.from('<p class="bio">glosson-\xadabc', (c) => c.charCodeAt(0))),
      {
        headers: { "Content-Type": "text/html; charset=ISO-8859-1" },
      },
    ),
  // Nothing of it has an end tag that may have none.
  "/unended": () =>
    page(`<p class="bio">mine<b>!</b><p>glosson-other</div>
      <div><p class="note">mine<div>glosson-other</div></div>
      <ul><li>x<li class="bio">mine<ul><li>, too</ul><li>glosson-other</ul>
      <dl><dt>x<dd class="bio">mine<dt>glosson-other<dd>glosson-other</dl>
      <table><tr><td class="bio">mine<td>glosson-other<tr><td>glosson-other</table>
      <table><tr class="bio"><td>mine<tbody><tr><td>glosson-other</table>
      <select><optgroup><option class="bio">mine<optgroup><option>glosson-other</select>
      <ruby>x<rt class="bio">mine<rp>glosson-other</ruby>`),
};

Deno.test("get_bio.example.py reads JSON and pages of a site, and knows 404 from failure", () =>
  withExample(async (script) => {
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => SITE[new URL(request.url).pathname]?.() ?? new Response("", { status: 404 }),
    );
    const url = `http://127.0.0.1:${server.addr.port}/{name}`;
    const command = createBioCommand({ script });
    const bioOf = async (name: string, selector: string): Promise<string> => {
      await fill(script, url, selector);
      const result = await command.run(name);
      return result.state === "found" ? result.bio : result.state;
    };
    const cases: [name: string, selector: string, bio: string][] = [
      ["kaylee", "bio", "glosson-abc\n"],
      ["kaylee", "user.about.text", "glosson-def\n"],
      ["empty", "bio", "\n"],
      ["nobody", "bio", "not-found"],
      ...["odd", "moved", "broken", "large"].map((name): [string, string, string] => //
      [name, "bio", "unavailable"]),
      ["kaylee", "user.none", "\n"],
      // As PHP writes both where nobody told it otherwise.
      ["marked", "bio", "glosson-abc\n"],
      ["unlabelled", "bio", "glosson-abc\n"],
      ["xhtml", ".bio", "glosson-abc\n"],
      ["utf16", "bio", "glosson-abc\n"],
      ["latin1", ".bio", "glosson-\xadabc\n"],
      ["page", "#profile .bio", "tea &\nglosson-abc\n"],
      ["page", "div.a.bio", "tea &\nglosson-abc\n"],
      ["page", "meta[name=description]", "glosson-head\n"],
      // In one of the two a visitor of the profile wrote.
      ["page", ".bio", "unavailable"],
      ["page", "#profile > .bio", "unavailable"],
      ["nothing", "#profile .bio", "\n"],
      ["unended", "p.bio", "mine!\n"],
      ["unended", "li.bio", "mine, too\n"],
      ...["p.note", "dd.bio", "td.bio", "tr.bio", "option.bio", "rt.bio"].map((
        selector,
      ): [string, string, string] => ["unended", selector, "mine\n"]),
    ];
    for (const [name, selector, bio] of cases) {
      assert.equal(await bioOf(name, selector), bio, `${name} by ${selector}`);
    }
    await fill(script, url, "bio");
    assert.deepEqual(await command.run("known"), {
      ...{ state: "found", bio: "glosson-abc\n", profileId: "4711" },
    });
    await server.shutdown();
  }));
