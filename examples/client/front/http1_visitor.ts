import type { Duplex } from "../../../lib/net/splice.ts";
import { FramedBody } from "../http/body.ts";
import { ByteReader } from "../http/byte_reader.ts";
import { MalformedHead, MAX_HEAD_BYTES, parseRequestHead, type RequestHead } from "../http/head.ts";
import { RequestPace } from "../http/request_pace.ts";
import { attempt, type Connection } from "./connection.ts";
import { answerText } from "./exchange.ts";
import { Http1Answer } from "./http1_answer.ts";
import { readRequest } from "./http1_request.ts";
import { PatientDuplex } from "./patient_duplex.ts";

/**
 * Serves HTTP/1.1 and 1.0 (RFC 9112) on a connection until either side ends it; does not close it.
 *
 * @throws {Error} if the connection breaks.
 */
export async function serveHttp1(raw: Duplex, connection: Connection): Promise<void> {
  const { limits, schedule, onIdle } = connection;
  const conn = new PatientDuplex(raw, schedule, { read: limits.upload, write: limits.download });
  let waiting = true;
  // Heads have limits of their own.
  const reader = new ByteReader({ read: (p) => (waiting ? raw : conn).read(p) });
  const pace = new RequestPace();
  for (let first = true;; first = false) {
    reader.relax();
    waiting = true;
    onIdle(true);
    const head = await readHead(reader, first, connection);
    if (head === null) return;
    waiting = false;
    onIdle(false);
    const answer = await exchange({ conn, raw, reader }, head, connection);
    if (answer.switched) return;
    if (!answer.complete) {
      // Without TLS's word of an end, which is all that tells it from a whole one (RFC 9112 section 9.8).
      if (answer.endsByClose) raw.close();
      throw new Error("Cannot answer: the exchange broke off");
    }
    if (!answer.keepAlive || connection.isLast()) return;
    if (reader.kept > 0) await pace.next();
  }
}

/** The next request's head; null where no more come, be it that the visitor ended or said nothing for too long. */
async function readHead(
  reader: ByteReader,
  first: boolean,
  { limits, schedule }: Connection,
): Promise<string | MalformedHead | null> {
  const late = Promise.withResolvers<MalformedHead | null>();
  let callOff = schedule(() => late.resolve(null), first ? limits.head : limits.keepAlive);
  let onFirst = (): void => {
    callOff();
    const tooSlow = new MalformedHead("Cannot read request: its head takes too long", 408);
    callOff = schedule(() => late.resolve(tooSlow), limits.head);
  };
  try {
    return await Promise.race([
      reader.head(MAX_HEAD_BYTES, { onFirst: () => onFirst() }),
      late.promise,
    ]);
  } catch (error) {
    if (error instanceof MalformedHead) return error;
    throw error;
  } finally {
    callOff();
    // Something may come yet, to who has given up.
    onFirst = () => {};
  }
}

async function exchange(
  { conn, raw, reader }: { conn: Duplex; raw: Duplex; reader: ByteReader },
  text: string | MalformedHead,
  { handler, visitor, isLast, log }: Connection,
): Promise<Http1Answer> {
  let head: Pick<RequestHead, "method" | "version"> = { method: "GET", version: "1.1" };
  try {
    if (text instanceof MalformedHead) throw text;
    const whole = parseRequestHead(text);
    head = whole;
    const { framing, keepAlive, ...request } = readRequest(whole);
    const body = framing.kind === "none" ? undefined : new FramedBody(reader, framing);
    const mayKeep = (): boolean => keepAlive && !isLast();
    const answer = new Http1Answer(conn, raw, reader, { ...head, body }, mayKeep);
    await attempt(handler, { request: { ...request, body }, answer, visitor }, log);
    return answer;
  } catch (error) {
    if (!(error instanceof MalformedHead)) throw error;
    log.debug("A visitor's request is malformed", { error });
    const answer = new Http1Answer(conn, raw, reader, head, () => false);
    const allow = error.status === 405 ? [["Allow", "GET, HEAD, POST"] as const] : [];
    const said = error.status === 408 ? "It did not come in time." : "That is no request.";
    await answerText({ answer, request: head }, error.status, said, allow);
    return answer;
  }
}
