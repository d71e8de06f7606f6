import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { PIECE_BYTES, Pieces } from "../../../../examples/client/front/pieces.ts";
import { staticFiles } from "../../../../examples/client/static_files.ts";
import { withFolder } from "../story.ts";

/** More than two pieces of bytes that tell where they are from. */
const CONTENT = Uint8Array.from(
  { length: 2 * PIECE_BYTES + 1000 },
  (_, i) => (i * 7 + i / 251) & 255,
);

/** What `staticFiles` answers for a file of these bytes. */
function withFile(
  name: string,
  content: Uint8Array,
  use: (response: Response) => Promise<void>,
): Promise<void> {
  return withFolder(async (parent) => {
    const [folder, secrets] = [`${parent}/site`, `${parent}/secrets`];
    for (const path of [folder, secrets]) await Deno.mkdir(path);
    await Deno.writeFile(`${folder}/${name}`, content);
    const site = await staticFiles(folder, secrets);
    const request = { method: "GET", url: `https://x.test/${name}`, headers: new Headers() };
    await use(await site(request, { address: undefined, gone: new AbortController().signal }));
  });
}

/** All pieces in one, and the memory that each was in. */
async function readAll(pieces: Pieces): Promise<{ bytes: Uint8Array; lengths: number[] }> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) {
    parts.push(piece.slice());
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { bytes, lengths: parts.map(({ length }) => length) };
}

Deno.test("Pieces reads a file in pieces, each in the memory of the one before", async () => {
  await withFile("large.bin", CONTENT, async (response) => {
    const pieces = new Pieces(response.body!, CONTENT.length);
    const first = await pieces.next();
    const kept = first!;
    assert.equal(kept.length, PIECE_BYTES);
    assert.deepEqual(kept, CONTENT.subarray(0, PIECE_BYTES));
    const second = await pieces.next();
    // What the first was in belongs to the second now.
    assert.equal(kept.length, 0);
    assert.equal(second!.length, PIECE_BYTES);
    const { bytes } = await readAll(pieces);
    assert.deepEqual(bytes, CONTENT.subarray(2 * PIECE_BYTES));
  });
});

Deno.test("Pieces takes no more memory than a body is long", async () => {
  await withFile("small.bin", CONTENT.subarray(0, 10), async (response) => {
    const pieces = new Pieces(response.body!, 10);
    assert.equal((await pieces.next())!.buffer.byteLength, 10);
    assert.equal(await pieces.next(), undefined);
  });
});

Deno.test("Pieces reads a file without a byte, and bodies that are no streams of bytes", async () => {
  await withFile("empty.bin", new Uint8Array(), async (response) => {
    assert.equal(await new Pieces(response.body!, 0).next(), undefined);
  });
  const stream = ReadableStream.from([new Uint8Array([1]), new Uint8Array([2, 3])]);
  const { bytes, lengths } = await readAll(new Pieces(stream));
  assert.deepEqual([[...bytes], lengths], [[1, 2, 3], [1, 2]]);
});

Deno.test("a file's stream has the whole file for readers without memory of their own, too", async () => {
  await withFile("large.txt", CONTENT, async (response) => {
    const small = response.body!.pipeThrough(new CompressionStream("gzip"));
    const { bytes } = await readAll(new Pieces(small));
    assert.deepEqual(new Uint8Array(gunzipSync(bytes)), CONTENT);
  });
});

Deno.test("Pieces.cancel() closes a file that is read in part, and says nothing of one that broke", async () => {
  await withFile("large.bin", CONTENT, async (response) => {
    const pieces = new Pieces(response.body!);
    await pieces.next();
    // The test runner counts the open files.
    await pieces.cancel();
  });
  const broken = new ReadableStream<Uint8Array>({ start: (c) => c.error(new Error("gone")) });
  await new Pieces(broken).cancel();
});
