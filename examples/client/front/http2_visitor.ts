import type { Schedule } from "../../../lib/net/schedule.ts";
import type { Duplex } from "../../../lib/net/splice.ts";
import { MAX_HEAD_BYTES } from "../http/head.ts";
import { ERROR } from "../http2/frames.ts";
import type { Http2Request } from "../http2/request.ts";
import { Http2Session } from "../http2/session.ts";
import { type Http2Stream, StreamBody } from "../http2/stream.ts";
import { attempt, type Connection } from "./connection.ts";
import { answerText } from "./exchange.ts";
import { Http2Answer } from "./http2_answer.ts";

/**
 * Serves HTTP/2 (RFC 9113) on a connection until either side ends it; does not close it.
 *
 * @returns what ends it in order, what is told when it is the last, and a promise of its end, which rejects if the
 * connection breaks.
 */
export function serveHttp2(
  conn: Duplex,
  connection: Connection,
): { leave: () => void; onLast: () => void; ended: Promise<void> } {
  const { limits, schedule, onIdle, isLast } = connection;
  let wasAsked = false;
  const session: Http2Session = new Http2Session({
    conn,
    gone: connection.visitor.gone,
    maxHeadBytes: MAX_HEAD_BYTES,
    onRequest: (stream, request, tooLarge) =>
      serveStream(session, stream, request, tooLarge ? 431 : undefined, connection),
    onIdle(idle) {
      onIdle(idle);
      callOff();
      if (idle) {
        callOff = schedule(leave, limits.keepAlive);
      } else {
        wasAsked = true;
        if (isLast()) leave();
      }
    },
  });
  const leave = (): void => session.leave();
  let callOff = schedule(leave, limits.head);
  onIdle(true);
  // Requests that cross with it are made anew elsewhere; not so by everybody where all that was asked would be.
  const onLast = (): void => wasAsked ? leave() : undefined;
  return { leave, onLast, ended: session.run().finally(() => callOff()) };
}

async function serveStream(
  session: Http2Session,
  stream: Http2Stream,
  { length: _, ...request }: Http2Request,
  refusal: number | undefined,
  { handler, visitor, limits, schedule, log }: Connection,
): Promise<void> {
  const late = (): void => void session.reset(stream.id, ERROR.cancel).catch(() => {});
  const { sender } = session;
  const sent = patience(schedule, limits.download, late);
  const answer = new Http2Answer(stream, sender, request.method, sent);
  const received = patience(schedule, limits.upload, late);
  const body = stream.remoteEnded
    ? undefined
    : new StreamBody(stream, (into) => received(stream.read(into)));
  const exchange = {
    request: { ...request, body },
    answer,
    visitor: { ...visitor, gone: stream.over },
  };
  const refused = request.method === "CONNECT" ? 405 : refusal;
  try {
    if (refused === undefined) await attempt(handler, exchange, log);
    else await answerText(exchange, refused, "That is no request.");
  } catch (error) {
    log.debug("A visitor's stream broke", { error });
  }
  // Cut short, it is reset: nobody is to take a part for the whole.
  if (!answer.complete) stream.localEnded = false;
}

/** Keeps what a visitor has to do their part for to a limit of time. */
function patience(
  schedule: Schedule,
  ms: number,
  onLate: () => void,
): <T>(done: Promise<T>) => Promise<T> {
  return async (done) => {
    const callOff = schedule(onLate, ms);
    try {
      return await done;
    } finally {
      callOff();
    }
  };
}
