/**
 * Dynamic updates, transfers and their signatures (RFC 2136, RFC 5936, RFC 8945), as bytes and over TCP.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { type HostPort, writeHostPort } from "../../config/values.ts";
import { pause } from "../../net/pause.ts";
import { tryAgain, type TryAgainOptions } from "../try_again.ts";
import { type DnsConnection, openDnsConnection } from "../connection.ts";
import {
  type Asked,
  explainTsig,
  type Permission,
  refusal,
  REFUSALS,
  unreadable,
} from "./explain.ts";
import { type DnsAnswer, type DnsRequest, encodeRequest, readAnswer } from "./message.ts";
import { signRequest, TsigError, type TsigKey } from "./tsig.ts";

/** How long a dialogue of a few requests may take. */
const DIALOGUE_TIMEOUT_MS = 15_000;

/** What names the server. */
const SETTING = "GLOSSOND_RFC2136_SERVER";

/** How long a zone may take to come over. */
const TRANSFER_TIMEOUT_MS = 120_000;

/** Options for {@linkcode createDnsClient}. */
export interface DnsClientOptions extends TryAgainOptions {
  server: HostPort;
  /** Asked before each request, so that a new key can be put to use. */
  key: () => TsigKey;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** How long a dialogue may take. @default {15 s} */
  timeoutMs?: number;
}

/** Makes one request and resolves to its answer, whatever the response code is. */
export type Ask = (request: DnsRequest) => Promise<DnsAnswer>;

/** Makes something of the messages of an answer. */
export interface MessageReader<T> {
  /** Takes the next message; returns whether that was the last. */
  take(answer: DnsAnswer): boolean;
  /** What it made of them; to be relied on once they are all there. */
  result(): T;
}

/**
 * Asks one DNS server over TCP, every request signed and every answer checked (RFC 8945).
 *
 * What fails for a passing reason is done again from the start; errors name the cause and the fix.
 */
export interface DnsClient {
  /** Makes requests over a connection of their own. */
  dialogue<T>(action: (ask: Ask) => Promise<T>): Promise<T>;
  /**
   * Makes one request that is answered by several messages, and resolves to what was made of them.
   *
   * @param begin called at each try.
   */
  transfer<T>(request: DnsRequest, begin: () => MessageReader<T>): Promise<T>;
  /** The server's address, for people. */
  readonly server: string;
  /** The error for a response code that was not hoped for; see `refusal` of `explain.ts`. */
  refusal(rcode: number, what: string, permission: Permission): Error;
  /** Reads something of an answer; what cannot be read is the server's fault. */
  reading<T>(read: () => T): T;
}

/** Makes the client of a server. */
export function createDnsClient(options: DnsClientOptions): DnsClient {
  const { key, now = Date.now, timeoutMs = DIALOGUE_TIMEOUT_MS } = options;
  const server = writeHostPort(options.server);

  function asked(): Asked {
    const { name, algorithm } = key();
    return { server, key: { name, algorithm } };
  }

  function reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw unreadable(error as Error, server);
    }
  }

  /** Makes a request, hands over each message of its answer, and resolves to the last. */
  async function exchange(
    connection: DnsConnection,
    request: DnsRequest,
    isLast: (answer: DnsAnswer) => boolean,
  ): Promise<DnsAnswer> {
    const [id = 0] = crypto.getRandomValues(new Uint16Array(1));
    const { signed, verifier } = signRequest(encodeRequest(id, request), key(), now);
    await connection.send(signed);
    for (;;) {
      const bytes = await connection.receive();
      const answer = reading(() => readAnswerTo(bytes, id, request));
      verify(() => verifier.take(answer), answer);
      if (isLast(answer)) {
        verify(() => verifier.end(), answer);
        return answer;
      }
      // All of a zone may be here already: what else is to be done goes between its messages.
      await pause(0);
    }
  }

  function verify(action: () => void, { rcode }: DnsAnswer): void {
    const fault = reading(() => {
      try {
        action();
      } catch (error) {
        if (error instanceof TsigError) return error;
        throw error;
      }
    });
    if (fault === undefined) return;
    if (fault.fault === "unsigned" && REFUSALS.includes(rcode)) return;
    throw explainTsig(fault, rcode, asked(), now);
  }

  return {
    dialogue: (action) =>
      tryAgain(async () => {
        using connection = await openDnsConnection(
          options.server,
          AbortSignal.timeout(timeoutMs),
          SETTING,
        );
        return await action((request) => exchange(connection, request, () => true));
      }, options),
    transfer: (request, begin) =>
      tryAgain(async () => {
        using connection = await openDnsConnection(
          options.server,
          AbortSignal.timeout(TRANSFER_TIMEOUT_MS),
          SETTING,
        );
        const reader = begin();
        await exchange(connection, request, reader.take);
        return reader.result();
      }, options),
    server,
    refusal: (rcode, what, permission) => refusal(rcode, what, permission, asked()),
    reading,
  };
}

/** Reads the answer to that request, and to no other. */
function readAnswerTo(bytes: Buffer, id: number, { opcode, question }: DnsRequest): DnsAnswer {
  const answer = readAnswer(bytes);
  const { name, type } = answer.question ?? question;
  const ours = name === question.name && type === question.type;
  if (!ours || answer.id !== id || answer.opcode !== opcode) {
    throw new TypeError("it is one to another request");
  }
  if (answer.truncated) throw new RangeError("it is truncated");
  return answer;
}
