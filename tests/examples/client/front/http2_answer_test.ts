import assert from "node:assert/strict";
import * as http2 from "node:http2";
import * as tls from "node:tls";
import { appFronted, type Fronted, HOSTNAME } from "./fronted.ts";

interface Answer {
  status: number;
  fields: http2.IncomingHttpHeaders;
  trailers: http2.IncomingHttpHeaders;
  body: string;
}

/** Asks for `/` over HTTP/2; rejects where the answer breaks off. */
async function ask({ port, pem }: Fronted): Promise<Answer> {
  const session = http2.connect(`https://${HOSTNAME}`, {
    createConnection: () =>
      tls.connect({
        host: "127.0.0.1",
        port,
        servername: HOSTNAME,
        ca: pem,
        ALPNProtocols: ["h2"],
      }),
  });
  try {
    return await new Promise((resolve, reject) => {
      session.on("error", reject);
      const stream = session.request({ ":path": "/" });
      const answer: Answer = { status: 0, fields: {}, trailers: {}, body: "" };
      stream.setEncoding("latin1");
      stream.on("response", ({ ":status": status, ...fields }) => {
        Object.assign(answer, { status, fields });
      });
      stream.on("trailers", (trailers) => answer.trailers = trailers);
      stream.on("data", (text: string) => answer.body += text);
      stream.on("end", () => resolve(answer));
      stream.on("error", reject);
      stream.on("close", () => reject(new Error("the answer broke off")));
    });
  } finally {
    session.destroy();
  }
}

/** What a visitor over HTTP/2 gets of an app's answer. */
async function passed(head: string, body: string): Promise<Answer> {
  let answer: Answer | undefined;
  await appFronted(async (exchange) => {
    await exchange.head();
    await exchange.send(`HTTP/1.1 ${head}\r\n\r\n${body}`);
  }, async (fronted) => {
    answer = await ask(fronted);
  });
  return answer!;
}

Deno.test("Http2Answer passes a field that an app says twice", async () => {
  const { status, body } = await passed(
    "200 OK\r\nX-Content-Type-Options: nosniff\r\nX-Content-Type-Options: nosniff\r\n" +
      "Content-Length: 2",
    "ok",
  );
  assert.deepEqual([status, body], [200, "ok"]);
});

Deno.test("Http2Answer ends an answer whose trailers cannot be said", async () => {
  const { body, trailers } = await passed(
    "200 OK\r\nTransfer-Encoding: chunked",
    "2\r\nok\r\n0\r\nConnection: x\r\nETag: a\r\nETag: a\r\nContent-Length: 9\r\nX-Sum: 1\r\n\r\n",
  );
  assert.equal(body, "ok");
  assert.equal(trailers["x-sum"], "1");
  assert.equal(trailers["connection"], undefined);
  assert.equal(trailers["content-length"], undefined);
});

Deno.test("Http2Answer says a status as the app does, be it one that HTTP has not", async () => {
  const { status, body } = await passed("999 Odd\r\nContent-Length: 2", "ok");
  assert.deepEqual([status, body], [999, "ok"]);
});

Deno.test("Http2Answer says no length that is not the body's", async () => {
  const chunked = await passed(
    "200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    "2\r\nok\r\n0\r\n\r\n",
  );
  assert.deepEqual([chunked.body, chunked.fields["content-length"]], ["ok", undefined]);
  const doubled = await passed("200 OK\r\nContent-Length: 2\r\nContent-Length: 2", "ok");
  assert.deepEqual([doubled.body, doubled.fields["content-length"]], ["ok", "2"]);
  const none = await passed("204 No Content\r\nContent-Length: 5", "");
  assert.deepEqual([none.status, none.fields["content-length"]], [204, undefined]);
});

Deno.test("Http2Answer says of no protocol that could be gone over to", async () => {
  const head = "426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  const { status, fields } = await passed(`${head}Content-Length: 2`, "ok");
  assert.deepEqual([status, fields["upgrade"], fields["connection"]], [426, undefined, undefined]);
});

Deno.test("Http2Answer passes what an app says beside fields that HTTP/2 does not have", async () => {
  const head = "200 OK\r\nHTTP2-Settings: x\r\nKeep-Alive: x\r\nconstructor: y\r\n";
  const { body, fields } = await passed(`${head}Content-Length: 2`, "ok");
  assert.equal(body, "ok");
  assert.deepEqual(Object.keys(fields).sort(), ["constructor", "content-length", "date"]);
  assert.equal(fields["constructor"], "y");
  const trailing = await passed(
    "200 OK\r\nTransfer-Encoding: chunked",
    "2\r\nok\r\n0\r\nHTTP2-Settings: x\r\n\r\n",
  );
  assert.equal(trailing.body, "ok");
});
