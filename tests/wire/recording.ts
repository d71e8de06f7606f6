import { isIP } from "node:net";
import type { OpensslView } from "./openssl.ts";

/** The first bytes that a real client sent, and what OpenSSL made of them. */
export interface Recording {
  /** Name of the recording, and of its file. */
  name: string;
  /** The client and its version, as it prints them. */
  client: string;
  /** The command that was run, with `{port}`, `{dir}` and `{server}` for what differs each time. */
  command: string[];
  /** Files that stood in `{dir}`. */
  files?: Record<string, string>;
  /** Day of the recording. */
  date: string;
  /** What a server with OpenSSL read when the same bytes were sent to it. */
  openssl: OpensslView & { version: string };
  /** The bytes, nothing added or left out. */
  bytes: Uint8Array;
}

/** Where the recordings lie, one JSON file each. */
const FOLDER = new URL("./corpus/", import.meta.url);

/** Reads every recording, ordered by name. */
export function readRecordings(): Recording[] {
  const names = Array.from(Deno.readDirSync(FOLDER), (entry) => entry.name).sort();
  return names.filter((name) => name.endsWith(".json")).map((name) => {
    const stored = JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER)));
    return { ...stored, bytes: Uint8Array.fromBase64(stored.bytes.join("")) };
  });
}

/** Writes a recording, its bytes as lines of base64. */
export function writeRecording(recording: Recording): void {
  const bytes = recording.bytes.toBase64().match(/.{1,96}/g);
  const text = JSON.stringify({ ...recording, bytes }, null, 2);
  Deno.writeTextFileSync(new URL(`${recording.name}.json`, FOLDER), `${text}\n`);
}

/** The name that a reader must find where OpenSSL found `name` as it was sent. */
export function expectedName(name: string | null): string | undefined {
  if (name === null || isIP(name) !== 0) return undefined;
  return name.toLowerCase().replace(/\.$/, "");
}
