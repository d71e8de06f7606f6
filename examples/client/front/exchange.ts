import { Buffer } from "node:buffer";
import type { Duplex } from "../../../lib/net/splice.ts";
import type { Body, Framing } from "../http/body.ts";
import type { Field } from "../http/fields.ts";
import type { AnswerHead } from "../http/head.ts";

/** A visitor's connection. */
export interface Visitor {
  /** As the relay's PROXY header tells it; undefined when it is not known. */
  address: string | undefined;
  /** Aborted when the connection, or this exchange of it, has ended. */
  gone: AbortSignal;
  /** Whom they asked for in the TLS handshake, where that is known. */
  serverName?: string | undefined;
}

/** A visitor's request, in whichever version of HTTP it came. */
export interface VisitorRequest {
  method: string;
  /** Path and query, or `*`, as they were sent, byte for byte. */
  target: string;
  /** Whom it is for, as the visitor said: a host name, maybe with a port. */
  host: string;
  /** As sent, without `Host` and pseudo-fields. */
  fields: readonly Field[];
  /** Undefined where there is none, which is not the same as an empty one. */
  body: Body | undefined;
  /** Whether the visitor asks to go on in another protocol, with `Connection: upgrade`. */
  upgrades: boolean;
}

/** Where the answer to one request goes. */
export interface Answer {
  /** Whether its head is on its way: it cannot become another any more. */
  readonly begun: boolean;
  /** Passes an interim answer (1xx), if the visitor's version of HTTP has such. */
  interim(head: AnswerHead): Promise<void>;
  /**
   * Sends the head, and `early` at once with it.
   *
   * @param head without fields of one connection, but for the `Upgrade` that a 426 asks for.
   * @param framing of the body as it comes; the visitor's connection has its own.
   * @param early the first bytes of the body, if they are there already.
   */
  begin(head: AnswerHead, framing: Framing, early?: Uint8Array): Promise<void>;
  /** Sends a piece of the body; resolves when it was taken, and the piece may be used again. */
  write(piece: Uint8Array): Promise<void>;
  /** Ends the body. */
  finish(trailers: readonly Field[]): Promise<void>;
  /**
   * Sends the head of a 101 and gives the connection away, with what was read of it already; HTTP/2
   * has no such.
   *
   * @throws {Error} if the visitor cannot switch.
   */
  switchProtocols(head: AnswerHead): Promise<{ conn: Duplex; early: Uint8Array }>;
}

/** One request and its answer. */
export interface Exchange {
  request: VisitorRequest;
  answer: Answer;
  visitor: Visitor;
}

/**
 * Answers one request. It may reject: then an answer that was not begun becomes a 500, and one that
 * was is broken off, so that no visitor takes a part for the whole.
 */
export type Handler = (exchange: Exchange) => Promise<void>;

/** Answers with a line of text for a person. */
export async function answerText(
  { answer, request: { method } }: { answer: Answer; request: Pick<VisitorRequest, "method"> },
  status: number,
  text: string,
  fields: readonly Field[] = [],
): Promise<void> {
  const body = Buffer.from(`${text}\n`);
  const isHead = method === "HEAD";
  await answer.begin(
    {
      status,
      reason: "",
      fields: [
        ["Content-Type", "text/plain; charset=utf-8"],
        ["Cache-Control", "no-store"],
        ["X-Content-Type-Options", "nosniff"],
        ...fields,
        ...(isHead ? [["Content-Length", String(body.length)] as const] : []),
      ],
    },
    isHead ? { kind: "none" } : { kind: "length", length: body.length },
    isHead ? undefined : body,
  );
  await answer.finish([]);
}
