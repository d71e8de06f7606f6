import assert from "node:assert/strict";
import { createBioCommand } from "../../lib/account/bio_command.ts";

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

Deno.test("get_bio.example.py asks a web site, and knows 404 from failure", () =>
  withExample(async (script) => {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const path = new URL(request.url).pathname;
      if (path === "/kaylee.json") return Response.json({ bio: "glosson-abc" });
      if (path === "/known.json") return Response.json({ bio: "glosson-abc", id: 4711 });
      if (path === "/empty.json") return Response.json({ bio: null });
      if (path === "/odd.json") return new Response("<html>maintenance</html>");
      if (path === "/moved.json") return Response.redirect(new URL("/kaylee.json", request.url));
      if (path === "/broken.json") return new Response("", { status: 500 });
      return new Response("", { status: 404 });
    });
    const source = (await Deno.readTextFile(script))
      .replace("https://community.example/api/users", `http://127.0.0.1:${server.addr.port}`)
      .replace("\nget_bio = bio_from_file", "")
      .replace("# get_bio = bio_from_web", "get_bio = bio_from_web");
    await Deno.writeTextFile(script, source);
    const command = createBioCommand({ script });
    assert.deepEqual(await command.run("kaylee"), { state: "found", bio: "glosson-abc\n" });
    assert.deepEqual(await command.run("known"), {
      ...{ state: "found", bio: "glosson-abc\n", profileId: "4711" },
    });
    assert.deepEqual(await command.run("empty"), { state: "found", bio: "\n" });
    assert.deepEqual(await command.run("nobody"), { state: "not-found" });
    for (const name of ["odd", "moved", "broken"]) {
      assert.equal((await command.run(name)).state, "unavailable", name);
    }
    await server.shutdown();
  }));
