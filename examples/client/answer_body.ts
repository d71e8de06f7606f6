import { type Check, isObjectOf } from "./answers.ts";
import { unreachable } from "./problem.ts";

/** Longest answer that is read; a long certificate chain is some 10 KiB. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Reads a body of bounded length. */
export async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`its answer exceeds ${MAX_ANSWER_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Parses JSON and checks that the members which are needed are there, and what they have to be. */
export function readMembers<T>(
  relay: URL,
  path: string,
  text: string,
  members: Record<string, Check>,
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Judged below together with JSON that is no object.
  }
  if (isObjectOf(members)(value)) return value as T;
  throw unreachable(relay, new Error(`it does not answer like a Glosson relay at ${path}`));
}
