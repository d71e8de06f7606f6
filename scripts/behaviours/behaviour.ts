import type { App } from "./app.ts";
import { type Answer, type Message, readAnswer, readRequest } from "./message.ts";
import type { Bytes, Wire } from "./wire.ts";

/** Something that a web developer relies on, measured between a visitor and an app. */
export interface Behaviour {
  what: string;
  /** Why the right verdict is right, with the RFC's section. */
  rule: string;
  /** Verdicts that are right. */
  right: readonly string[];
  /** Verdicts that the RFC allows too, but that glosson must not have. @default {[]} */
  allowed?: readonly string[];
  /** Whether it says anything when nothing is between visitor and app. @default {true} */
  direct?: boolean;
  /** How long it may take, milliseconds. @default {8000} */
  limitMs?: number;
  /** Gives the verdict on what it saw; may throw, which is a verdict too. */
  measure: (trial: Trial) => Promise<string>;
}

/** What a behaviour is measured with: one program, with the app behind it. */
export interface Trial {
  app: App;
  /** Host and port that visitors name. */
  host: string;
  /** Opens a visitor's connection that speaks HTTP/1.1. */
  open(): Promise<Wire>;
  /** Runs curl for this URL path with HTTP/2, and gives its output, one character a byte. */
  curl(path: string, ...args: string[]): Promise<string>;
  /** Runs nghttp for this URL path and gives its output. */
  nghttp(path: string, ...args: string[]): Promise<string>;
  /** Whether nothing is between visitor and app. */
  isDirect: boolean;
}

/** What takes longer than this does not happen at once. */
const AT_ONCE_MS = 1_500;

/** An answer of the app's that is nothing special. */
export const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

/** What the app answers: bytes, or what it does with the connection once it has the request. */
export type Reply = Bytes | ((wire: Wire, request: Message) => Promise<void>);

/** Requests that the app got. */
export type Requests = Message[];

/**
 * Has the app read every request of a connection and answer each the same way.
 *
 * @returns where the requests stand once they came.
 */
export function answering(app: App, reply: Reply = OK): Requests {
  const requests: Requests = [];
  app.play(async (wire) => {
    while (true) {
      const request = await readRequest(wire);
      if (request === undefined) return;
      requests.push(request);
      if (typeof reply === "function") await reply(wire, request);
      else await wire.send(reply);
    }
  });
  return requests;
}

/** Has the app answer, close its side, and take what still comes. */
export function lastAnswer(content: Bytes): Reply {
  return async (wire) => {
    await wire.send(content);
    await wire.finish();
    await wire.rest();
  };
}

/** What both ends saw of one request. */
export interface Exchange {
  request: Message | undefined;
  answer: Answer | undefined;
  visitor: Wire;
}

/** Sends these bytes as a visitor's, and waits for the answer. */
export async function exchange(
  trial: Trial,
  sent: Bytes,
  reply: Reply = OK,
): Promise<Exchange> {
  const requests = answering(trial.app, reply);
  const visitor = await trial.open();
  await visitor.send(sent);
  const answer = await readAnswer(visitor, String(sent.slice(0, 5)) === "HEAD " ? "HEAD" : "GET");
  return { request: requests[0], answer, visitor };
}

/** A request's head with these lines after the Host. */
export function head(trial: Trial, line: string, ...fields: string[]): string {
  return [`${line} HTTP/1.1`, `Host: ${trial.host}`, ...fields, "", ""].join("\r\n");
}

/** An answer's head with these lines. */
export function answerHead(line: string, ...fields: string[]): string {
  return [`HTTP/1.1 ${line}`, ...fields, "", ""].join("\r\n");
}

/** `verdict` when the answer came whole with status 200, else what came in its place. */
export function unlessRefused(answer: Answer | undefined, verdict: () => string): string {
  if (answer === undefined) return "closed without an answer";
  if (answer.status !== 200) return String(answer.status);
  return answer.whole ? verdict() : "cut short";
}

/** As {@linkcode unlessRefused}, of what the app got and what the visitor got. */
export function ofBoth(
  { request, answer }: Exchange,
  verdict: (request: Message, answer: Answer) => string,
): string {
  return unlessRefused(
    answer,
    () => request === undefined ? "answered in the app's place" : verdict(request, answer!),
  );
}

/** Whether another visitor's request is answered. */
export async function livesOn(trial: Trial): Promise<boolean> {
  const { answer } = await exchange(trial, head(trial, "GET /alive"));
  return answer?.body === "ok";
}

/** What is found out at once, or false. */
export async function atOnce(found: Promise<boolean>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(late.resolve, AT_ONCE_MS, false);
  return await Promise.race([found, late.promise]).finally(() => clearTimeout(timer));
}
