import assert from "node:assert/strict";
import { join } from "node:path";
import { contentType } from "../../../examples/client/content_type.ts";
import { readFilePath } from "../../../examples/client/file_path.ts";
import type { Visitor } from "../../../examples/client/front.ts";
import { staticFiles } from "../../../examples/client/static_files.ts";
import { withFolder } from "./story.ts";

const VISITOR: Visitor = { address: undefined, gone: new AbortController().signal };

/** Serves a folder with something in every corner. */
async function served(
  use: (
    get: (path: string, headers?: Record<string, string>, method?: string) => Promise<Response>,
    root: string,
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const root = join(folder, "site");
    await Deno.mkdir(join(root, "sub"), { recursive: true });
    await Deno.mkdir(join(root, ".git"));
    await Deno.writeTextFile(join(folder, "secret.txt"), "secret");
    await Deno.writeTextFile(join(root, "index.html"), "<h1>home</h1>");
    await Deno.writeTextFile(join(root, "sub", "index.html"), "sub");
    await Deno.writeTextFile(join(root, "digits.txt"), "0123456789");
    await Deno.writeTextFile(join(root, "ü & 100%.txt"), "odd name");
    await Deno.writeTextFile(join(root, "empty.css"), "");
    await Deno.writeTextFile(join(root, ".env"), "secret");
    await Deno.writeTextFile(join(root, ".git", "config"), "secret");
    await Deno.symlink(join(folder, "secret.txt"), join(root, "out.txt"));
    await Deno.symlink(folder, join(root, "up"));
    await Deno.symlink(join(root, ".env"), join(root, "env.txt"));
    await Deno.symlink(join(root, "digits.txt"), join(root, "same.txt"));
    await Deno.mkdir(join(root, "state"));
    await Deno.writeTextFile(join(root, "state", "account.json"), "secret");
    await Deno.symlink(join(root, "state", "account.json"), join(root, "mine.json"));
    const site = await staticFiles(root, join(root, "state"));
    await use(async (path, headers, method) => {
      return await site(new Request(`https://kaylee.example${path}`, { headers, method }), VISITOR);
    }, root);
  });
}

Deno.test("staticFiles() serves files with their types", () =>
  served(async (get) => {
    for (
      const [path, type, body] of [
        ["/", "text/html; charset=utf-8", "<h1>home</h1>"],
        ["/index.html", "text/html; charset=utf-8", "<h1>home</h1>"],
        ["/sub/", "text/html; charset=utf-8", "sub"],
        ["/digits.txt?x=/../", "text/plain; charset=utf-8", "0123456789"],
        ["/%C3%BC%20%26%20100%25.txt", "text/plain; charset=utf-8", "odd name"],
        ["/empty.css", "text/css; charset=utf-8", ""],
        ["/same.txt", "text/plain; charset=utf-8", "0123456789"],
      ] as const
    ) {
      const response = await get(path);
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get("content-type"), type);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      assert.equal(response.headers.get("content-length"), `${new Blob([body]).size}`);
      assert.equal(await response.text(), body);
    }
  }));

const NOWHERE = [
  "/missing.txt",
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/%2e%2e%2fsecret.txt",
  "/%252e%252e/secret.txt",
  "/sub/../../secret.txt",
  "/sub/..%5c..%5csecret.txt",
  "/up/secret.txt",
  "/up/site/digits.txt/",
  "/out.txt",
  "/env.txt",
  "/.env",
  "/%2eenv",
  "/.git/config",
  "/state/account.json",
  "/mine.json",
  "//digits.txt",
  "/sub//index.html",
  "/digits.txt/",
  "/digits.txt%00.html",
  "/digits.txt%0a",
  "/digits.txt.",
  "/digits.txt%20",
  "/digits.txt::$DATA",
  "/C:/secret.txt",
  "/%c0%ae%c0%ae/secret.txt",
  "/%",
  "/%ff.txt",
  `/${"a/".repeat(3000)}`,
  `/${"a".repeat(300)}`,
];

for (const path of NOWHERE) {
  Deno.test(`staticFiles() has nothing at ${path.slice(0, 40)}`, () =>
    served(async (get) => {
      const response = await get(path);
      assert.equal(response.status, 404);
      assert.doesNotMatch(await response.text(), /secret/);
    }));
}

Deno.test("staticFiles() sends a folder to its slash, on this host", () =>
  served(async (get) => {
    const response = await get("/sub?x=1");
    assert.equal(response.status, 308);
    const location = response.headers.get("location")!;
    assert.equal(
      new URL(location, "https://kaylee.example/sub?x=1").href,
      "https://kaylee.example/sub/?x=1",
    );
  }));

Deno.test("staticFiles() takes GET and HEAD only", () =>
  served(async (get) => {
    const head = await get("/digits.txt", {}, "HEAD");
    assert.equal(head.headers.get("content-length"), "10");
    assert.equal(await head.text(), "");
    const post = await get("/digits.txt", {}, "POST");
    assert.equal(post.status, 405);
    assert.equal(post.headers.get("allow"), "GET, HEAD");
  }));

Deno.test("staticFiles() answers 304 to who has the file", () =>
  served(async (get, root) => {
    const { headers } = await get("/digits.txt", {}, "HEAD");
    const etag = headers.get("etag")!;
    const modified = headers.get("last-modified")!;
    for (
      const [condition, status] of [
        [{ "if-none-match": etag }, 304],
        [{ "if-none-match": `"x", W/${etag}` }, 304],
        [{ "if-none-match": "*" }, 304],
        [{ "if-none-match": '"x"' }, 200],
        [{ "if-none-match": '"x"', "if-modified-since": modified }, 200],
        [{ "if-modified-since": modified }, 304],
        [{ "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT" }, 200],
        [{ "if-modified-since": "whenever" }, 200],
      ] as [Record<string, string>, number][]
    ) {
      const response = await get("/digits.txt", condition);
      assert.equal(response.status, status, JSON.stringify(condition));
      await response.body?.cancel();
    }
    await Deno.writeTextFile(join(root, "digits.txt"), "changed");
    assert.equal(await (await get("/digits.txt", { "if-none-match": etag })).text(), "changed");
  }));

Deno.test("staticFiles() serves parts", () =>
  served(async (get) => {
    const etag = (await get("/digits.txt", {}, "HEAD")).headers.get("etag")!;
    for (
      const [range, status, body, told] of [
        ["bytes=2-4", 206, "234", "bytes 2-4/10"],
        ["bytes=7-", 206, "789", "bytes 7-9/10"],
        ["bytes=7-99", 206, "789", "bytes 7-9/10"],
        ["bytes=-3", 206, "789", "bytes 7-9/10"],
        ["bytes=-99", 206, "0123456789", "bytes 0-9/10"],
        ["bytes=0-0", 206, "0", "bytes 0-0/10"],
        ["bytes=10-", 416, "There are no such bytes.\n", "bytes */10"],
        ["bytes=-0", 416, "There are no such bytes.\n", "bytes */10"],
        ["bytes=4-2", 200, "0123456789", null],
        ["bytes=-", 200, "0123456789", null],
        ["bytes=0-1,3-4", 200, "0123456789", null],
        ["lines=1-2", 200, "0123456789", null],
      ] as const
    ) {
      const response = await get("/digits.txt", { range });
      assert.equal(response.status, status, range);
      assert.equal(response.headers.get("content-range"), told);
      assert.equal(await response.text(), body);
    }
    const same = await get("/digits.txt", { range: "bytes=1-1", "if-range": etag });
    assert.equal(await same.text(), "1");
    const other = await get("/digits.txt", { range: "bytes=1-1", "if-range": '"x"' });
    assert.equal(await other.text(), "0123456789");
    const none = await get("/empty.css", { range: "bytes=0-" });
    assert.equal(none.status, 416);
    await none.body?.cancel();
  }));

Deno.test({
  name: "staticFiles() does not wait for a pipe",
  ignore: Deno.build.os === "windows",
  fn: () =>
    served(async (get, root) => {
      await new Deno.Command("mkfifo", { args: [join(root, "pipe")] }).output();
      assert.equal((await get("/pipe")).status, 404);
    }),
});

Deno.test("staticFiles() closes a file whose reader leaves", () =>
  served(async (get) => {
    // The leak check of the test runner tells.
    const response = await get("/digits.txt");
    await response.body!.cancel();
  }));

Deno.test("staticFiles() wants a folder", () =>
  served(async (_get, root) => {
    const state = join(root, "state");
    await assert.rejects(staticFiles(join(root, "digits.txt"), state), /not a folder/);
    await assert.rejects(staticFiles(join(root, "missing"), state), /missing: there is no such/);
    await assert.rejects(staticFiles(state, state), /token and the key .* are kept there/);
    await assert.rejects(staticFiles(join(root, "sub"), root), /token and the key/);
  }));

Deno.test("readFilePath() refuses what leads elsewhere, tidied up before or not", () => {
  for (
    const path of [
      ...NOWHERE.slice(1, 8).filter((path) => !path.includes("%25")),
      "/..",
      "/.",
      "/a/..",
      "/a/./b",
      "*",
      "",
      "a",
    ]
  ) {
    assert.equal(readFilePath(path), undefined, path);
  }
});

Deno.test("readFilePath() decodes once", () => {
  assert.deepEqual(readFilePath("/a%2541/b/"), { segments: ["a%41", "b"], folder: true });
  assert.deepEqual(readFilePath("/"), { segments: [], folder: true });
});

Deno.test("contentType() does not guess", () => {
  assert.equal(contentType("a.HTML"), "text/html; charset=utf-8");
  assert.equal(contentType("a.tar.gz"), "application/gzip");
  assert.equal(contentType("a.unknown"), "application/octet-stream");
  assert.equal(contentType("constructor"), "application/octet-stream");
  assert.equal(contentType("a.constructor"), "application/octet-stream");
});
