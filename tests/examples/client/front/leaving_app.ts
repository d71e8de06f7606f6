import assert from "node:assert/strict";
import type { FrontProcess } from "./front_process.ts";
import { head, type Kind } from "./left_behind.ts";
import { RawVisitor } from "./raw_visitor.ts";

/** More than kernels and windows take at once. */
const UPLOAD = "x".repeat(400_000);

/** A visitor who sends all of an upload, or a part, that the app answers without reading it. */
async function uploadAnsweredEarly(front: FrontProcess, i: number): Promise<RawVisitor> {
  const visitor = await RawVisitor.open(front);
  visitor.send(head("/early", `Content-Length: ${UPLOAD.length}`).replace("GET", "POST"));
  visitor.send(UPLOAD.slice(0, [UPLOAD.length, 50_000, 0][i % 3]));
  assert.match(await visitor.upTo("\r\n\r\nbig"), /^HTTP\/1\.1 413 /);
  if (i % 2 === 0) visitor.close();
  return visitor;
}

/** A visitor of a path, and all that they are to get. */
function visiting(path: string, expected: RegExp, ...fields: string[]): Kind["visit"] {
  return async (front) => {
    const visitor = await RawVisitor.open(front);
    visitor.send(head(path, ...fields));
    if (path === "/reset-upgraded") visitor.send("ping");
    await visitor.end();
    assert.match(visitor.received.toString("latin1"), expected);
    return visitor;
  };
}

/** Every way in which an app may leave a visitor. */
export const LEAVING_APP: Kind[] = [
  { name: "an upload that the app answers early, and closes", visit: uploadAnsweredEarly },
  {
    name: "a reset before the answer",
    visit: visiting("/reset", /^HTTP\/1\.1 502 /, "Connection: close"),
  },
  {
    name: "a reset within the answer",
    visit: visiting("/reset-within", /^(?:|HTTP\/1\.1 200 [^]*half)$/),
  },
  { name: "an end within the answer", visit: visiting("/torn", /^HTTP\/1\.1 200 [^]*half$/) },
  {
    name: "a reset in another protocol",
    visit: visiting("/reset-upgraded", /^HTTP\/1\.1 101 /, "Connection: upgrade", "Upgrade: x"),
  },
];
