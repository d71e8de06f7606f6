import { createSocket } from "node:dgram";

/** A DNS server for A and CAA records, on UDP. */
export interface FakeDns extends AsyncDisposable {
  port: number;
}

/**
 * Starts one that answers with an address for names of the table, and that others do not exist.
 *
 * @param caa name and value of the CAA property that each name of the table has.
 */
export async function startFakeDns(
  addressOf: (name: string) => string | undefined,
  caa?: [tag: string, value: string],
): Promise<FakeDns> {
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => {
    const labels: string[] = [];
    let at = 12;
    for (; question[at]! > 0; at += question[at]! + 1) {
      labels.push(question.subarray(at + 1, at + 1 + question[at]!).toString("latin1"));
    }
    const end = at + 5;
    const type = question[at + 1]! * 256 + question[at + 2]!;
    const address = addressOf(labels.join(".").toLowerCase());
    const data = address === undefined ? undefined : dataOf(type, address, caa);
    const answered = data !== undefined;
    // RFC 1035 section 4.1.1: id, then a response; NXDOMAIN (3) where there is no such name.
    const head = [question[0]!, question[1]!, 0x81, address === undefined ? 0x83 : 0x80];
    const counts = [0, 1, 0, answered ? 1 : 0, 0, 0, 0, 0];
    // The name by a pointer to the question; the type, class IN, 60 s.
    const answer = answered
      ? [0xc0, 12, type >> 8, type & 255, 0, 1, 0, 0, 0, 60, 0, data.length, ...data]
      : [];
    const reply = Uint8Array.of(...head, ...counts, ...question.subarray(12, end), ...answer);
    socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    port: socket.address().port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void socket.close(() => resolve())),
  };
}

/** The data of a record: A is type 1; CAA is 257, with flags, the length of its tag, tag and value (RFC 8659). */
function dataOf(
  type: number,
  address: string,
  caa: [tag: string, value: string] | undefined,
): number[] | undefined {
  if (type === 1) return address.split(".").map(Number);
  if (type !== 257 || caa === undefined) return undefined;
  const [tag, value] = caa;
  return [0, tag.length, ...new TextEncoder().encode(tag + value)];
}
