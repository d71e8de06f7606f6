import { Buffer } from "node:buffer";
import { type FramesStep, RequestFrames } from "../wire/request_frames.ts";
import { RequestStart } from "../wire/request_start.ts";
import { mayBeUpgrade } from "../wire/web_socket_opening.ts";
import {
  isBareRefusal,
  type OwnAnswer,
  ownAnswer,
  START_ANSWERS,
  UNREADABLE,
  withoutContinue,
} from "./own_answer.ts";
import { closeQuietly, type Duplex, writeAll } from "./splice.ts";

const NOTHING = new Uint8Array(0);

/** Options for {@linkcode RequestGate}. */
export interface RequestGateOptions {
  /** A header field that each request is given as its first, without a line end. */
  field: string;
  /** Whether no more is passed on than the first request's head. @default {false} */
  headOnly?: boolean;
  /** Paths that a request behind the first is not passed on to, see {@linkcode RequestGate.left}. @default none */
  leave?: readonly string[];
}

/**
 * The way to an HTTP server behind a TLS listener that agreed on HTTP/1.1.
 *
 * Watches how the first request begins, and answers in the server's place where it may not be passed
 * on. Gives each request a field, and passes it once the one before is answered: who sends many at once
 * has no more of them served than who waits. Once closed to the server ({@linkcode RequestGate.answered})
 * it takes bytes and passes none.
 */
export class RequestGate implements Duplex {
  readonly #server: Duplex;
  readonly #headOnly: boolean;
  readonly #leave: readonly string[];
  readonly #field: Uint8Array;
  readonly #frames = new RequestFrames();
  /** Requests that were passed on whole, and that were answered. */
  #passed = 0;
  #answered = 0;
  #wake = (): void => {};
  /** Absent once the first head has passed. */
  #start: RequestStart | undefined = new RequestStart();
  #isHttp10 = false;
  /** Takes bytes and passes none. */
  #deaf = false;
  /** No request is answered any more. */
  #over = false;
  /** Has told the server that nothing more comes. */
  #shut = false;
  /** The beginning of a request that may be one to leave. */
  #begun: Uint8Array = NOTHING;
  #left: Uint8Array<ArrayBuffer> | undefined;
  readonly #heard = Promise.withResolvers<void>();
  /** What is read in the server's place. */
  #refusal: Uint8Array | undefined;

  /** @param server the connection to it, which this one closes. */
  constructor(server: Duplex, { field, headOnly = false, leave = [] }: RequestGateOptions) {
    this.#server = server;
    this.#field = new TextEncoder().encode(`${field}\r\n`);
    this.#headOnly = headOnly;
    this.#leave = leave;
  }

  /**
   * What has come of the connection and was not passed on, since a request of it begins like one to leave:
   * all before is answered, and the server told that nothing more comes.
   */
  get left(): Uint8Array<ArrayBuffer> | undefined {
    return this.#left;
  }

  /** Whether nothing that was asked is unanswered, and no request has begun. */
  get isIdle(): boolean {
    return this.#passed <= this.#answered && this.#frames.isBetween && this.#begun.length === 0;
  }

  /** Resolves when the server has begun to answer, or answers no more. */
  get heard(): Promise<void> {
    return this.#heard.promise;
  }

  /** Whether the first request is one of HTTP/1.0; known once its head has passed. */
  get isHttp10(): boolean {
    return this.#isHttp10;
  }

  /** A request has been answered: the next one may pass. */
  next(): void {
    this.#answered++;
    this.#wake();
  }

  /** Tells the server that nothing more comes, so that it closes once its answer is out. */
  async answered(): Promise<void> {
    this.#end();
    if (this.#shut) return;
    this.#shut = true;
    await this.#server.closeWrite().catch(() => {});
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.#frames.isRaw ? this.#server.read(p) : this.#readAnswer(p);
  }

  async #readAnswer(p: Uint8Array): Promise<number | null> {
    if (this.#refusal === undefined) {
      try {
        const n = await this.#readServer(p);
        this.#heard.resolve();
        if (n === null) this.#end();
        else if (isBareRefusal(p.subarray(0, n))) this.#refuse(UNREADABLE);
        if (this.#refusal === undefined) return n;
      } catch (error) {
        if (this.#refusal === undefined) throw error;
      }
    }
    const n = Math.min(p.length, this.#refusal.length);
    p.set(this.#refusal.subarray(0, n));
    this.#refusal = this.#refusal.subarray(n);
    return n === 0 ? null : n;
  }

  /** Reads from the server; no 100 where no body is read, or HTTP/1.0 takes it for the answer (RFC 9110 section 15.2). */
  async #readServer(p: Uint8Array): Promise<number | null> {
    const n = await this.#server.read(p);
    if (n === null || !(this.#headOnly || this.#isHttp10)) return n;
    return withoutContinue(p.subarray(0, n)) || this.#server.read(p);
  }

  /** Nothing more is answered. */
  #end(): void {
    this.#heard.resolve();
    this.#deaf = true;
    this.#over = true;
    this.#wake();
  }

  write(p: Uint8Array): Promise<number> {
    if (this.#deaf) return Promise.resolve(p.length);
    if (this.#start !== undefined) return this.#writeFirst(this.#start, p);
    return this.#frames.isRaw ? this.#server.write(p) : this.#pass(NOTHING, p);
  }

  async #writeFirst(start: RequestStart, p: Uint8Array): Promise<number> {
    const step = start.push(p);
    if (step.state === "refuse") this.#refuse(START_ANSWERS[step.fault]);
    if (step.state !== "pass") return p.length;
    this.#isHttp10 = start.isHttp10;
    if (start.done) this.#start = undefined;
    if (step.end === undefined || !this.#headOnly) return await this.#pass(step.held, p);
    await this.#pass(step.held, p.subarray(0, step.end));
    // It is answered whether a body follows or not.
    this.#passed = 1;
    this.#deaf = true;
    return p.length;
  }

  /**
   * Passes bytes on, `held` first, with the field behind each request line; what is behind a request
   * waits until that has been answered.
   */
  async #pass(held: Uint8Array, p: Uint8Array): Promise<number> {
    // What is held back is the beginning of a request line.
    if (held.length > 0) this.#frames.push(held);
    let before = held;
    for (let from = 0; from < p.length && !this.#deaf;) {
      const rest = p.subarray(from);
      if (this.#passed > 0 && this.#frames.isBetween) {
        await this.#untilAnswered();
        if (this.#deaf || this.#leaves(rest)) break;
        before = this.#begun;
        this.#begun = NOTHING;
        this.#frames.push(before);
      }
      const { lineEnd, end = rest.length } = this.#step(rest);
      const whole = before.length === 0 && lineEnd === undefined;
      await writeAll(
        this.#server,
        whole ? rest.subarray(0, end) : Buffer.concat([
          before,
          rest.subarray(0, lineEnd ?? 0),
          lineEnd === undefined ? NOTHING : this.#field,
          rest.subarray(lineEnd ?? 0, end),
        ]),
      );
      before = NOTHING;
      from += end;
    }
    return p.length;
  }

  /** Whether what comes between requests is not passed on: kept until that shows, or left for good. */
  #leaves(rest: Uint8Array): boolean {
    if (this.#leave.length === 0) return false;
    const come = Buffer.concat([this.#begun, rest]);
    const is = mayBeUpgrade(come, this.#leave);
    if (is === "no") return false;
    if (is === "open") this.#begun = come;
    else {
      this.#left = Uint8Array.from(come);
      this.answered();
    }
    return true;
  }

  #step(bytes: Uint8Array): FramesStep {
    const step = this.#frames.push(bytes);
    if (step.end !== undefined) this.#passed++;
    return step;
  }

  /** Resolves when every request that was passed on is answered, or none will be. */
  async #untilAnswered(): Promise<void> {
    while (this.#passed > this.#answered && !this.#over) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #refuse(answer: OwnAnswer): void {
    this.#shut = true;
    this.#refusal = ownAnswer(answer);
    this.#end();
    // Ends the read that waits for the server's answer.
    closeQuietly(this.#server);
  }

  /**
   * Tells the server that no more requests come, once it has answered those that did: it takes an end
   * for a peer that has left, and leaves what it is at unanswered.
   */
  async closeWrite(): Promise<void> {
    if (this.#shut) return;
    const held = this.#start?.end() ?? this.#begun;
    if (held.length > 0) await writeAll(this.#server, held);
    if (!this.#frames.isRaw) await this.#untilAnswered();
    if (this.#shut) return;
    await this.#server.closeWrite();
  }

  close(): void {
    this.#end();
    this.#server.close();
  }
}
