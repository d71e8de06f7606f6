import { GROUPS, readProofHello } from "../../examples/client/front/proof_hello.ts";
import { parseClientHello } from "../../lib/wire/client_hello.ts";
import type { Random } from "./random.ts";

/** How the reader refuses; anything else that it throws is a fault of its own. */
const REFUSAL = /^Cannot prove a domain: /;

/** What is wrong with what the client makes of a hello that its reader has taken; nothing when all is well. */
export function judgeProof(bytes: Uint8Array, random: Random): string | undefined {
  const whole = parseClientHello(bytes);
  if (whole.state !== "hello") return undefined;
  const read = outcomeOf(bytes);
  if (typeof read === "string") return REFUSAL.test(read) ? undefined : `it throws ${read}`;
  const { message, sessionId, share: { group } } = read;
  if (!(group in GROUPS)) return `it takes the group ${group}`;
  if (message[0] !== 1 || message.length !== 4 + message.readUIntBE(1, 3)) {
    return `it takes ${message.length} bytes for the message`;
  }
  if (sessionId.length > 32) return `it echoes ${sessionId.length} bytes`;
  // What follows the hello is another message's.
  const more = new Uint8Array([
    ...bytes.subarray(0, whole.length),
    ...Array.from({ length: random.below(50) }, () => random.below(256)),
  ]);
  const again = outcomeOf(more);
  const isSame = typeof again !== "string" && again.message.equals(message);
  return isSame ? undefined : "what follows the hello changes it";
}

/** What the client makes of a hello, in a word. */
export function proofOutcome(bytes: Uint8Array): string {
  if (parseClientHello(bytes).state !== "hello") return "no hello";
  const read = outcomeOf(bytes);
  return typeof read === "string" ? read.replace(REFUSAL, "") : GROUPS[read.share.group]!.name;
}

function outcomeOf(bytes: Uint8Array): ReturnType<typeof readProofHello> | string {
  try {
    return readProofHello(bytes);
  } catch (error) {
    return (error as Error).message;
  }
}
