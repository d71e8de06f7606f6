import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { contentType } from "../../../examples/client/content_type.ts";
import { readFilePath } from "../../../examples/client/file_path.ts";
import type { Visitor } from "../../../examples/client/front/exchange.ts";
import type { Site } from "../../../examples/client/front/site.ts";
import { isFolderWithin } from "../../../examples/client/served_file.ts";
import { staticFiles } from "../../../examples/client/static_files.ts";
import { createLog } from "../../../lib/log.ts";
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
    await Deno.mkdir(join(root, "bare"));
    await Deno.mkdir(join(root, ".well-known", "matrix"), { recursive: true });
    for (
      const name of [".htpasswd", "did.json", "assetlinks.json", "keybase.txt", "webfinger"]
    ) {
      const text = name.startsWith(".") ? "secret" : name;
      await Deno.writeTextFile(join(root, ".well-known", name), text);
    }
    await Deno.writeTextFile(join(root, ".well-known", "matrix", "client"), "client");
    await Deno.mkdir(join(root, "sub", ".well-known"));
    await Deno.writeTextFile(join(root, "sub", ".well-known", "x.txt"), "secret");
    await Deno.symlink(join(root, ".env"), join(root, ".well-known", "env.txt"));
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
  "//.env",
  "//up//secret.txt",
  "/.well-known//.htpasswd",
  "/digits.txt/",
  "/digits.txt%00.html",
  "/digits.txt%0a",
  "/digits.txt.",
  "/digits.txt%20",
  "/digits.txt::$DATA",
  "/.well-known/.htpasswd",
  "/.well-known/%2ehtpasswd",
  "/.well-known/env.txt",
  "/.well-known.",
  "/.Well-Known/did.json",
  "/sub/.well-known/x.txt",
  "/.well-known/../.env",
  "/.well-known/..%2f.env",
  "/sub/%00",
  "/sub%2findex.html",
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

Deno.test("staticFiles() serves well-known documents to programs on any page (RFC 8615)", () =>
  served(async (get) => {
    for (
      const [path, type] of [
        ["did.json", "application/json"],
        ["assetlinks.json", "application/json"],
        ["keybase.txt", "text/plain; charset=utf-8"],
        ["webfinger?resource=acct:kaylee@kaylee.example", "application/jrd+json"],
        ["matrix/client", "application/json"],
      ] as const
    ) {
      const response = await get(`/.well-known/${path}`);
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get("content-type"), type);
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      assert.equal(await response.text(), path.split("/").at(-1)!.split("?")[0]);
    }
    const other = await get("/digits.txt");
    assert.equal(other.headers.get("access-control-allow-origin"), null);
    await other.body!.cancel();
  }));

Deno.test({
  name: "staticFiles() serves every name that the file system takes and no dot begins",
  ignore: Deno.build.os === "windows",
  fn: () =>
    served(async (get, root) => {
      for (
        const name of [
          "notes: today.txt",
          "C:",
          "the end.",
          "a space ",
          " space first",
          "a\\b.txt",
          "50%.txt",
          "%41.txt",
          "a+b&c=d?e#f.txt",
          "quote\"'<>|*.txt",
          "tab\tline\n.txt",
          "nul",
          "\u00fc-composed.txt",
          "u\u0308-decomposed.txt",
          "\u65e5\u672c\u8a9e.txt",
          "\u{1f98a}.txt",
        ]
      ) {
        await Deno.writeTextFile(join(root, name), name);
        const response = await get(`/${encodeURIComponent(name)}`);
        assert.equal(response.status, 200, name);
        assert.equal(await response.text(), name);
        const slash = await get(`/${encodeURIComponent(name)}/`);
        assert.equal(slash.status, 404, name);
        await slash.body!.cancel();
      }
    }),
});

Deno.test({
  name: "staticFiles() finds a name that is composed in one way where the link is in another",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    served(async (get, root) => {
      const [nfc, nfd] = ["caf\u00e9", "cafe\u0301"];
      await Deno.mkdir(join(root, nfd));
      await Deno.writeTextFile(join(root, nfd, `${nfc}.txt`), "mixed");
      await Deno.writeTextFile(join(root, nfd, `${nfd}.md`), "as it is");
      await Deno.writeTextFile(join(root, nfd, "index.html"), "folder");
      for (const folder of [nfc, nfd]) {
        for (const file of [nfc, nfd]) {
          const path = `/${encodeURIComponent(folder)}/${encodeURIComponent(file)}`;
          assert.equal(await (await get(`${path}.txt`)).text(), "mixed");
          assert.equal(await (await get(`${path}.md`)).text(), "as it is");
        }
        assert.equal(await (await get(`/${encodeURIComponent(folder)}/`)).text(), "folder");
      }
      // What is there by exactly this name comes first.
      await Deno.writeTextFile(join(root, nfd, `${nfc}.md`), "another");
      const [one, other] = [nfc, nfd].map((name) =>
        get(`/${encodeURIComponent(nfd)}/${encodeURIComponent(name)}.md`)
      );
      assert.equal(await (await one!).text(), "another");
      assert.equal(await (await other!).text(), "as it is");
    }),
});

Deno.test("staticFiles() says why a folder without an index shows nothing", () =>
  served(async (get) => {
    for (const path of ["/bare/", "/.well-known/"]) {
      const response = await get(path);
      assert.equal(response.status, 404);
      assert.match(await response.text(), /no <code>index\.html<\/code>/);
    }
    const hidden = await get("/.git/");
    assert.equal(hidden.status, 404);
    assert.doesNotMatch(await hidden.text(), /index\.html/);
  }));

Deno.test("staticFiles() says at the start that there is no index", () =>
  served(async (_get, root) => {
    const lines: string[] = [];
    const log = createLog({ level: "info", write: (line) => lines.push(line) });
    await staticFiles(root, join(root, "state"), log);
    assert.deepEqual(lines, []);
    await staticFiles(join(root, "bare"), join(root, "state"), log);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /warn .*no index\.html.*folder=.*bare/);
  }));

Deno.test("staticFiles() serves what a link leads to now, when that was changed", () =>
  withFolder(async (folder) => {
    const [current, state] = [join(folder, "current"), join(folder, "state")];
    await Deno.mkdir(state);
    for (const release of ["first", "second"]) {
      await Deno.mkdir(join(folder, release));
      await Deno.writeTextFile(join(folder, release, "index.html"), release);
    }
    let site: Site | undefined;
    async function shown(release: string): Promise<string> {
      await Deno.remove(current).catch(() => {});
      await Deno.symlink(join(folder, release), current);
      site ??= await staticFiles(current, state);
      return await asked();
    }
    async function asked(): Promise<string> {
      const response = await site!(new Request("https://kaylee.example/"), VISITOR);
      return `${response.status} ${await response.text()}`;
    }
    assert.equal(await shown("first"), "200 first");
    assert.equal(await shown("second"), "200 second");
    // By who removes the link and makes another, and asked between the two.
    await Deno.remove(current);
    assert.equal(await asked(), "200 second");
    await Deno.remove(join(folder, "first"), { recursive: true });
    await Deno.writeTextFile(join(state, "index.html"), "secret");
    for (const nothing of ["first", "state"]) assert.match(await shown(nothing), /^503 /);
    assert.equal(await shown("second"), "200 second");
  }));

Deno.test({
  name: "staticFiles() knows the state folder by what it is, not by its name",
  ignore: Deno.build.os === "windows",
  fn: () =>
    served(async (_get, root) => {
      // As a file system that tells no case, or a bind mount, shows it: the same folder, other name.
      const state = await Deno.stat(join(root, "state"));
      assert.ok(isFolderWithin(join(root, "state", "account.json"), root, state));
      assert.ok(isFolderWithin(join(root, "state"), root, state));
      assert.ok(!isFolderWithin(join(root, "sub", "index.html"), root, state));
    }),
});

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
        [{ "if-modified-since": "2091-01-01" }, 200],
        [{ "if-modified-since": "Sun Nov  6 08:49:37 1994" }, 200],
        [{ "if-modified-since": "Friday, 01-Jan-2038 00:00:00 GMT" }, 304],
      ] as [Record<string, string>, number][]
    ) {
      const response = await get("/digits.txt", condition);
      assert.equal(response.status, status, JSON.stringify(condition));
      await response.body?.cancel();
    }
    await Deno.writeTextFile(join(root, "digits.txt"), "changed");
    assert.equal(await (await get("/digits.txt", { "if-none-match": etag })).text(), "changed");
  }));

Deno.test("staticFiles() answers 412 to who wants another state of the file", () =>
  served(async (get) => {
    const { headers } = await get("/digits.txt", {}, "HEAD");
    const etag = headers.get("etag")!;
    const modified = headers.get("last-modified")!;
    const longAgo = "Thu, 01 Jan 1970 00:00:00 GMT";
    for (
      const [condition, status] of [
        [{ "if-match": '"x"' }, 412],
        [{ "if-match": `W/${etag}` }, 412],
        [{ "if-match": '"x"', "if-none-match": etag }, 412],
        [{ "if-match": `"x", ${etag}` }, 200],
        [{ "if-match": "*" }, 200],
        [{ "if-match": etag, "if-unmodified-since": longAgo }, 200],
        [{ "if-match": etag, "if-none-match": etag }, 304],
        [{ "if-unmodified-since": longAgo }, 412],
        [{ "if-unmodified-since": modified }, 200],
        [{ "if-unmodified-since": "whenever" }, 200],
      ] as [Record<string, string>, number][]
    ) {
      const response = await get("/digits.txt", condition);
      assert.equal(response.status, status, JSON.stringify(condition));
      await response.body?.cancel();
    }
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
        ["Bytes= 0-1", 206, "01", "bytes 0-1/10"],
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
  }));

Deno.test("staticFiles() serves the whole of an empty file to who asks for a part", () =>
  served(async (get) => {
    for (const range of ["bytes=0-", "bytes=0-1023", "bytes=-5"]) {
      const response = await get("/empty.css", { range });
      assert.equal(response.status, 200, range);
      assert.equal(response.headers.get("content-range"), null);
      assert.equal(await response.text(), "");
    }
  }));

Deno.test("staticFiles() takes slashes in a row for one", () =>
  served(async (get) => {
    for (
      const [path, body] of [
        ["//digits.txt", "0123456789"],
        ["/sub//index.html", "sub"],
        ["/sub//", "sub"],
        ["//.well-known//did.json", "did.json"],
      ] as const
    ) {
      const response = await get(path);
      assert.equal(response.status, 200, path);
      assert.equal(await response.text(), body);
    }
    const location = (await get("//sub")).headers.get("location")!;
    assert.equal(
      new URL(location, "https://kaylee.example//sub").href,
      "https://kaylee.example//sub/",
    );
  }));

Deno.test("staticFiles() claims no encoding for a document that says another", () =>
  served(async (get, root) => {
    for (
      const [name, text, type] of [
        ["old.html", '<!doctype html><meta charset="windows-1252"><p>caf\xe9', "text/html"],
        [
          "older.html",
          "<META HTTP-EQUIV=Content-Type\nCONTENT='text/html; charset=ISO-8859-1'>caf\xe9",
          "text/html",
        ],
        ["new.html", '<meta charset="UTF-8">caf\xc3\xa9', "text/html; charset=utf-8"],
        ["silent.html", "caf\xc3\xa9", "text/html; charset=utf-8"],
        ["late.html", `${" ".repeat(1024)}<meta charset=koi8-r>`, "text/html; charset=utf-8"],
        ["old.css", '@charset "iso-8859-1"; a::after { content: "\xe9" }', "text/css"],
        ["new.css", "a { }", "text/css; charset=utf-8"],
        ["plain.txt", "<meta charset=koi8-r>", "text/plain; charset=utf-8"],
      ] as const
    ) {
      await Deno.writeFile(join(root, name), Buffer.from(text, "latin1"));
      for (const method of ["GET", "HEAD"]) {
        const response = await get(`/${name}`, {}, method);
        assert.equal(response.headers.get("content-type"), type, name);
        const sent = Buffer.from(await response.arrayBuffer()).toString("latin1");
        assert.equal(sent, method === "HEAD" ? "" : text, name);
      }
    }
  }));

Deno.test({
  name: "staticFiles() tells states of a file apart that have one size and one time of change",
  ignore: Deno.build.os === "windows",
  fn: () =>
    served(async (get, root) => {
      const path = join(root, "same.css");
      // As of every file in the stores of Nix and OSTree, and as a copy that keeps times has it.
      for (const [time, isTold] of [[1, false], [1_700_000_000, true]] as const) {
        await Deno.writeTextFile(path, "a{}");
        await Deno.utime(path, time, time);
        const { headers, body } = await get("/same.css");
        await body!.cancel();
        assert.equal(headers.has("last-modified"), isTold);
        const changedAt = (await Deno.stat(path)).ctime!.getTime();
        while ((await Deno.stat(path)).ctime!.getTime() === changedAt) {
          await Deno.writeTextFile(path, "b{}");
          await Deno.utime(path, time, time);
        }
        const conditions: Record<string, string> = { "if-none-match": headers.get("etag")! };
        assert.equal(await (await get("/same.css", conditions)).text(), "b{}");
      }
      await Deno.utime(path, 1, 1);
      const since = { "if-modified-since": "Thu, 01 Jan 1970 00:00:01 GMT" };
      assert.equal(await (await get("/same.css", since)).text(), "b{}");
    }),
});

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

for (
  const path of [
    "/a:b",
    "/a.txt::$DATA",
    "/C:/x",
    "/a.",
    "/a%20",
    "/a%5cb",
    "/a%3fb",
    "/a%09b",
    "/nul",
    "/NUL.txt",
    "/com1.tar.gz",
    "/sub/LPT%C2%B9",
  ]
) {
  Deno.test(`readFilePath() refuses on Windows what is no name there: ${path}`, () => {
    assert.equal(readFilePath(path, { windows: true }), undefined);
    assert.notEqual(readFilePath(path, { windows: false }), undefined);
  });
}

Deno.test("readFilePath() takes names on Windows that only resemble devices", () => {
  for (const path of ["/null", "/console.txt", "/com10", "/a.nul", "/.well-known/x"]) {
    assert.notEqual(readFilePath(path, { windows: true }), undefined, path);
  }
});

Deno.test("contentType() does not guess", () => {
  for (
    const [path, type] of [
      ["a.HTML", "text/html; charset=utf-8"],
      ["a.tar.gz", "application/gzip"],
      ["a.js", "text/javascript; charset=utf-8"],
      ["a.flac", "audio/flac"],
      ["a.vcf", "text/vcard; charset=utf-8"],
      ["a.xml", "application/xml"],
      ["a.svg", "image/svg+xml"],
      ["a.webmanifest", "application/manifest+json"],
      ["a.unknown", "application/octet-stream"],
      ["constructor", "application/octet-stream"],
      ["a.constructor", "application/octet-stream"],
      // A name is not an ending.
      ["html", "application/octet-stream"],
      ["css/txt", "application/octet-stream"],
      ["a.html/b", "application/octet-stream"],
      ["a.", "application/octet-stream"],
      ["a\\b.css", "text/css; charset=utf-8"],
      ["apple-app-site-association", "application/json"],
      [".well-known/apple-app-site-association", "application/json"],
      [".well-known/matrix/server", "application/json"],
      [".well-known/host-meta", "application/xrd+xml"],
      [".well-known/host-meta.json", "application/json"],
      [".well-known/atproto-did", "text/plain; charset=utf-8"],
      [".well-known/acme-challenge/token", "application/octet-stream"],
      [".well-known/constructor", "application/octet-stream"],
      ["matrix/server", "application/octet-stream"],
    ] as const
  ) {
    assert.equal(contentType(path.split("/"), () => ""), type, path);
  }
});
