import { Places } from "../net/places.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import { Problem } from "./problem.ts";

/** Largest request body; a CSR of a 4096-bit key is below 2 KiB. */
const MAX_BODY_BYTES = 64 * 1024;

/** First size of a body's buffer, bytes: all usual ones fit. */
const FIRST_BUFFER_BYTES = 4 * 1024;

/** How long a body may take to come, from its first byte that is awaited to its last. */
export const BODY_TIMEOUT_MS = 10_000;

/** Bodies that are read at once: 8 MiB when all are as large as they may be. */
const MAX_BODIES = 128;

/** When to come back for want of a place: most bodies are there at once. */
const BUSY_RETRY_S = 2;

/**
 * Reads a request's body, which must be a JSON object.
 *
 * @param address of whoever sends it.
 * @throws {Problem} `unsupported-encoding`, `too-large`, `too-slow`, `busy` or `bad-request`.
 */
export type ReadBody = (request: Request, address: string) => Promise<Record<string, unknown>>;

/** Options for {@linkcode createBodyReader}. */
export interface BodyReaderOptions {
  /** Groups that limits count an address in, narrowest first. @default none, so not limited */
  addressGroups?: (address: string) => readonly string[];
  /** @default {128} */
  maxBodies?: number;
  /** @default {scheduleTimeout} */
  schedule?: Schedule;
}

/** Makes a reader of bodies: bounded in bytes, in time, and in how many are read at once. */
export function createBodyReader(options: BodyReaderOptions = {}): ReadBody {
  const { addressGroups = () => [], maxBodies = MAX_BODIES, schedule } = options;
  const places = new Places({ total: maxBodies });
  return async (request, address) => {
    // RFC 9110 section 12.5.3: to be told from a media type that is not taken, it says which codings are.
    if (isEncoded(request)) {
      throw new Problem(
        "unsupported-encoding",
        "Send the JSON as it is, without Content-Encoding.",
      );
    }
    const place = places.take(...addressGroups(address));
    if (place === undefined) {
      throw new Problem("busy", "Too many requests are on their way to this relay; try again.", {
        retryAfterS: BUSY_RETRY_S,
      });
    }
    try {
      return readJson(await readBytes(request, schedule ?? scheduleTimeout));
    } finally {
      place.leave();
    }
  };
}

function isEncoded({ headers }: Request): boolean {
  return !/^[ \t,]*(?:identity[ \t,]*)*$/i.test(headers.get("Content-Encoding") ?? "");
}

function readJson(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not JSON, or the peer went: told below, like JSON that is no object.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Problem("bad-request", "Send a JSON object.");
  }
  return value as Record<string, unknown>;
}

async function readBytes(request: Request, schedule: Schedule): Promise<Uint8Array> {
  if (Number(request.headers.get("Content-Length")) > MAX_BODY_BYTES) throw tooLarge();
  if (request.body === null) return new Uint8Array(0);
  const { read, cancel } = openBody(request.body);
  let late = false;
  const callOff = schedule(() => {
    late = true;
    cancel(); // ends the read that waits
  }, BODY_TIMEOUT_MS);
  let bytes = new Uint8Array(FIRST_BUFFER_BYTES);
  let length = 0;
  try {
    while (length <= MAX_BODY_BYTES) {
      // One byte more than is taken, so that a longer body shows.
      if (length === bytes.length) bytes = resized(bytes, Math.min(length * 2, MAX_BODY_BYTES + 1));
      const part = await read(bytes, length);
      if (late) throw tooSlow();
      ({ bytes, length } = part);
      if (part.ended) return bytes.subarray(0, length);
    }
    throw tooLarge();
  } catch (error) {
    if (late) throw tooSlow();
    if (error instanceof Problem) throw error;
    return new Uint8Array(0); // the peer went
  } finally {
    callOff();
    cancel();
  }
}

/** What is there of a body after a read: the first `length` of `bytes`. */
interface Part {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
  /** Nothing was read: it is the whole body. */
  ended: boolean;
}

/** A body that is read into a buffer of ours, which grows where it has to. */
interface OpenBody {
  /** Puts what comes next behind the first `length` bytes; takes the memory of `bytes` along. */
  read(bytes: Uint8Array<ArrayBuffer>, length: number): Promise<Part>;
  cancel(): void;
}

/**
 * Opens a body so that nothing of the runtime's is kept.
 *
 * A chunk that the runtime hands out is a view on 64 KiB, all of which a kept view keeps: a body in
 * pieces of one byte would hold gigabytes. A reader that brings its own buffer gets no such chunks.
 */
function openBody(body: ReadableStream<Uint8Array<ArrayBuffer>>): OpenBody {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // A short body that came with the head: the runtime has it whole.
    return openWhole(body.getReader());
  }
  return {
    async read(bytes, length) {
      const { value, done } = await reader.read(bytes.subarray(length));
      if (value === undefined) return { bytes: new Uint8Array(0), length: 0, ended: true };
      return { bytes: new Uint8Array(value.buffer), length: length + value.length, ended: done };
    },
    cancel: () => void reader.cancel().catch(() => {}),
  };
}

function openWhole(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): OpenBody {
  return {
    async read(bytes, length) {
      const { value, done } = await reader.read();
      if (done) return { bytes, length, ended: true };
      const end = length + value.length;
      const room = end > bytes.length ? resized(bytes, end) : bytes;
      room.set(value, length);
      return { bytes: room, length: end, ended: false };
    },
    cancel: () => void reader.cancel().catch(() => {}),
  };
}

function resized(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.buffer.transfer(length));
}

function tooLarge(): Problem {
  return new Problem("too-large", `Send at most ${MAX_BODY_BYTES} bytes.`);
}

function tooSlow(): Problem {
  return new Problem(
    "too-slow",
    `The whole request has to come within ${BODY_TIMEOUT_MS / 1000} s; send it again.`,
  );
}
