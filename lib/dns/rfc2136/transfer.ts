import type { RecordSet } from "../provider.ts";
import type { DnsClient, MessageReader } from "./client.ts";
import { RCODE } from "./explain.ts";
import { type DnsAnswer, OPCODE } from "./message.ts";
import { readSerial, typeNumber } from "./rdata.ts";
import { SetCollector } from "./sets.ts";

/** A transfer of a whole zone (RFC 5936). */
const AXFR = 252;
const SOA = typeNumber("SOA");

/** How large a zone may be, as it comes over the wire. */
const MAX_ZONE_BYTES = 64 << 20;

/** A zone as it came over. */
export interface ZoneCopy {
  serial: number;
  /** All sets but the SOA record. */
  sets: RecordSet[];
}

/** Copies a zone (RFC 5936). */
export function copyZone(client: DnsClient, zone: string): Promise<ZoneCopy> {
  const question = { name: zone, type: AXFR };
  return client.transfer(
    { opcode: OPCODE.query, question },
    () => createZoneReader(client, zone),
  );
}

/** Reads a zone: its SOA record, all others, and the SOA record again. */
function createZoneReader(client: DnsClient, zone: string): MessageReader<ZoneCopy> {
  const sets = new SetCollector();
  let [size, ends, serial] = [0, 0, 0];

  function readRecords(answer: DnsAnswer): void {
    for (const record of answer.answers) {
      if (record.type === SOA && record.name === zone) {
        ends++;
        serial = readSerial(answer.bytes, record);
      } else if (ends === 1) {
        sets.add(answer, record);
      }
    }
    if (ends === 0) throw new TypeError("it is a zone that does not begin with its SOA record");
  }

  return {
    take(answer): boolean {
      if (answer.rcode !== RCODE.noError) {
        throw client.refusal(answer.rcode, `to hand out zone ${zone}`, "allow-transfer");
      }
      size += answer.bytes.length;
      if (size > MAX_ZONE_BYTES) {
        throw new RangeError(
          `Cannot read zone ${zone}: it is larger than ${
            MAX_ZONE_BYTES >> 20
          } MiB; give the relay's domain a zone of its own`,
        );
      }
      client.reading(() => readRecords(answer));
      return ends > 1;
    },
    result: () => ({ serial, sets: sets.all() }),
  };
}
