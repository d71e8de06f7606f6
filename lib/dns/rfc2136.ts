import { Buffer } from "node:buffer";
import { type DnsProvider, type DnsZone, NoZoneError, type RecordSet } from "./provider.ts";
import { type Ask, createDnsClient, type DnsClientOptions } from "./rfc2136/client.ts";
import { RCODE } from "./rfc2136/explain.ts";
import { OPCODE, type OutRecord, recordBytes } from "./rfc2136/message.ts";
import { encodeValue, readSerial, typeNumber } from "./rfc2136/rdata.ts";
import { SetCollector } from "./rfc2136/sets.ts";
import { copyZone, type ZoneCopy } from "./rfc2136/transfer.ts";

const SOA = typeNumber("SOA");
const CNAME = typeNumber("CNAME");

/** How much of a message an update's records may take; the rest is for the zone and the signature. */
const UPDATE_BYTES = 60_000;

/** What a server says about a name that is in none of its zones. */
const ELSEWHERE: readonly number[] = [RCODE.nxDomain, RCODE.refused, RCODE.notAuth];

/**
 * Makes a client of the primary of some zones, by what DNS servers have in common: dynamic update
 * (RFC 2136), zone transfer (RFC 5936) and queries, all of them signed (TSIG, RFC 8945).
 *
 * The answer to a query does not tell a name's own records from those of a wildcard (RFC 4592), which
 * answers for users' names and challenges of all names. So whether a set stands at a name is asked by an
 * update that has a prerequisite and changes nothing, and which sets do is looked up in a copy of the
 * zone: servers need not tell in an answer to `ANY` (RFC 8482). A copy is good until the serial rises,
 * as it does with every change (RFC 2136 section 3.6).
 */
// deno-lint-ignore lengths/function -- short functions that share the client
export function createRfc2136(options: DnsClientOptions): DnsProvider {
  const client = createDnsClient(options);
  /** The last zone that was copied. */
  let last: { zone: string; copy: ZoneCopy } | undefined;

  async function findZone(name: string): Promise<DnsZone> {
    const labels = name.split(".");
    const found = await client.dialogue(async (ask) => {
      for (let i = 0; i < labels.length; i++) {
        const zone = labels.slice(i).join(".");
        const serial = await askSerial(ask, zone);
        if (serial !== undefined) return { name: zone, serial };
      }
    });
    if (found !== undefined) return found;
    throw new NoZoneError(
      `The DNS server at ${client.server} holds no zone for ${name}: create one there, or set GLOSSOND_RFC2136_SERVER to the primary of the one that it is in`,
    );
  }

  /** The serial of a zone; undefined where the server holds no zone of that name. */
  async function askSerial(ask: Ask, zone: string): Promise<number | undefined> {
    const answer = await ask({ opcode: OPCODE.query, question: { name: zone, type: SOA } });
    const present = answer.answers.filter(({ name }) => name === zone);
    // An alias is no zone, whatever the server says of where it leads.
    if (present.some(({ type }) => type === CNAME)) return undefined;
    if (ELSEWHERE.includes(answer.rcode)) return undefined;
    if (answer.rcode !== RCODE.noError) {
      throw client.refusal(answer.rcode, `to tell the serial of ${zone}`, "allow-query");
    }
    const record = present.find(({ type }) => type === SOA);
    // A resolver tells of zones that it does not hold, and none of what it says has authority.
    if (record === undefined || !answer.authoritative) return undefined;
    return client.reading(() => readSerial(answer.bytes, record));
  }

  async function read(zone: DnsZone, name: string, type: string): Promise<RecordSet> {
    const question = { name, type: typeNumber(type) };
    const answer = await client.dialogue(async (ask) => {
      if (!await exists(ask, zone, question)) return undefined;
      return await ask({ opcode: OPCODE.query, question });
    });
    const sets = new SetCollector();
    if (answer !== undefined) {
      if (answer.rcode !== RCODE.noError) {
        throw client.refusal(answer.rcode, `to tell of ${name}`, "allow-query");
      }
      // Of NS records below the top of the zone the server tells beside the answer (RFC 1034 section 4.3.2).
      for (const record of [...answer.answers, ...answer.authorities]) {
        if (record.name !== name || record.type !== question.type) continue;
        client.reading(() => sets.add(answer, record));
      }
    }
    return sets.all()[0] ?? { name, type, ttl: 0, values: [] };
  }

  /** Whether that set stands at that name (RFC 2136 section 2.4.1). */
  async function exists(
    ask: Ask,
    zone: DnsZone,
    { name, type }: { name: string; type: number },
  ): Promise<boolean> {
    const { rcode } = await ask({
      opcode: OPCODE.update,
      question: { name: zone.name, type: SOA },
      prerequisites: [{ name, type, class: "ANY", ttl: 0, rdata: Buffer.alloc(0) }],
    });
    if (rcode === RCODE.nxRrset) return false;
    if (rcode === RCODE.noError) return true;
    throw client.refusal(rcode, `an update that looks at ${name} in ${zone.name}`, "update-policy");
  }

  async function readZone({ name: zone }: DnsZone): Promise<RecordSet[]> {
    const serial = await client.dialogue((ask) => askSerial(ask, zone));
    if (last?.zone !== zone || last.copy.serial !== serial) {
      last = { zone, copy: await copyZone(client, zone) };
    }
    return last.copy.sets;
  }

  async function replace(zone: DnsZone, sets: readonly RecordSet[]): Promise<void> {
    for (const updates of inMessages(sets.flatMap(toUpdates))) {
      const { rcode } = await client.dialogue((ask) =>
        ask({ opcode: OPCODE.update, question: { name: zone.name, type: SOA }, updates })
      );
      if (rcode === RCODE.noError) continue;
      const [first, ...more] = new Set(updates.map(({ name }) => name));
      const what = more.length > 0 ? `${first} and ${more.length} more` : first;
      throw client.refusal(rcode, `a change of ${what} in ${zone.name}`, "update-policy");
    }
  }

  return {
    label: "the primary",
    findZone,
    read,
    readName: async (zone, name) => (await readZone(zone)).filter((set) => set.name === name),
    readZone,
    replace,
    // A server that takes updates tells its secondaries by itself (RFC 1996 section 4.1).
    notify: () => Promise.resolve(),
    serialFix: () => "as RFC 2136 section 3.6 has it: look at how the primary numbers them",
  };
}

/** Deletes a set and adds its values anew (RFC 2136 sections 2.5.2 and 2.5.1). */
function toUpdates({ name, type, ttl, values }: RecordSet): OutRecord[] {
  const number = typeNumber(type);
  return [
    { name, type: number, class: "ANY", ttl: 0, rdata: Buffer.alloc(0) },
    ...values.map((value): OutRecord => ({
      name,
      type: number,
      class: "IN",
      ttl,
      rdata: encodeValue(type, value),
    })),
  ];
}

/** The updates by the messages that they go in: those of a name are in one. */
function inMessages(updates: readonly OutRecord[]): OutRecord[][] {
  const messages: OutRecord[][] = [];
  let room = 0;
  for (const [, ofName] of Map.groupBy(updates, ({ name }) => name)) {
    const size = ofName.reduce((sum, record) => sum + recordBytes(record), 0);
    if (size > room) {
      messages.push([]);
      room = UPDATE_BYTES;
    }
    messages.at(-1)!.push(...ofName);
    room -= size;
  }
  return messages;
}
