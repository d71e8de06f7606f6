import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { release } from "../../scripts/forgejo_release.ts";
import { releaseNotes } from "../../scripts/release_notes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("CHANGELOG.md tells of this version", () => {
  const changelog = Deno.readTextFileSync(`${ROOT}CHANGELOG.md`).replace(", not released yet", "");
  assert.ok(releaseNotes(changelog, project.version).length > 50);
});

Deno.test("releaseNotes() takes one version's section only", () => {
  const text = "# Changes\n\n## 1.1.0\n\n- new\n\n## 1.0.0 (2026)\n\n- old\n\n### more\n\n- x\n";
  assert.equal(releaseNotes(text, "1.1.0"), "- new\n");
  assert.equal(releaseNotes(text, "1.0.0"), "- old\n\n### more\n\n- x\n");
  assert.throws(() => releaseNotes(text, "1.0"), /nothing of 1\.0$/);
  assert.throws(() => releaseNotes("## 1.0.0, not released yet\n\n- x\n", "1.0.0"), /its date/);
});

Deno.test("release() makes a draft, attaches every file, then publishes it", async () => {
  const calls: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    assert.equal(request.headers.get("Authorization"), "token secret");
    const isForm = request.headers.get("Content-Type")?.startsWith("multipart/form-data");
    const body = isForm
      ? await ((await request.formData()).get("attachment") as File).text()
      : await request.text();
    calls.push(`${request.method} ${pathname}${search} ${body}`);
    return Response.json({ id: 7 });
  });
  await release(
    {
      apiUrl: `http://127.0.0.1:${server.addr.port}/api/v1`,
      repository: "glosson/glossond",
      tag: "v1.0.0",
      token: "secret",
    },
    "- new\n",
    [{ name: "one", content: new Blob(["1"]) }, { name: "two", content: new Blob(["2"]) }],
  );
  const at = "/api/v1/repos/glosson/glossond/releases";
  assert.match(calls[0]!, new RegExp(`^POST ${at} .*"tag_name":"v1\\.0\\.0".*"draft":true`));
  assert.deepEqual(calls.slice(1), [
    `POST ${at}/7/assets?name=one 1`,
    `POST ${at}/7/assets?name=two 2`,
    `PATCH ${at}/7 {"draft":false}`,
  ]);
  await server.shutdown();
});
