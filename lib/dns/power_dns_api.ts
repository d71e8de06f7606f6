import { z } from "zod";
import { isEmpty, plainName, type RecordSet } from "./provider.ts";

/** A set as the API has it: its name with a trailing dot, `content` in the presentation format. */
interface ApiSet {
  name: string;
  type: string;
  ttl: number;
  records: { content: string; disabled: boolean }[];
}

/** By hand: a schema takes ten times as long over a large zone, and nobody else has a turn meanwhile. */
function isSet(value: unknown): value is ApiSet {
  const { name, type, ttl, records } = (value ?? {}) as Record<string, unknown>;
  return typeof name === "string" && typeof type === "string" && typeof ttl === "number" &&
    Array.isArray(records) &&
    records.every((record) =>
      typeof record?.content === "string" && typeof record.disabled === "boolean"
    );
}

const apiSets = z.custom<ApiSet[]>((sets) => Array.isArray(sets) && sets.every(isSet));

/** Zones as the API has them, their names with a trailing dot. */
export const apiZones = z.array(
  z.object({ name: z.string(), id: z.string(), kind: z.string(), serial: z.number() }),
);

/** What is read of one zone. */
export const apiZone = z.object({
  rrsets: apiSets.default([]),
  dnssec: z.boolean().default(false),
  api_rectify: z.boolean().default(false),
});

/** The server's settings. */
export const apiConfig = z.array(z.object({ name: z.string(), value: z.string() }));

/** A kind of a zone's metadata. */
export const apiMetadata = z.object({ metadata: z.array(z.string()).default([]) });

/** A set of theirs as ours. */
export function fromApi({ name, type, ttl, records }: ApiSet): RecordSet {
  const contents = (wanted: boolean): string[] =>
    records.filter(({ disabled }) => disabled === wanted).map(({ content }) => content);
  return { name: plainName(name), type, ttl, values: contents(false), disabled: contents(true) };
}

/** What the API is sent to put a set in the place of what stands there. */
export function toApi(set: RecordSet): Partial<ApiSet> & { changetype: string } {
  const { type, ttl, values, disabled = [] } = set;
  const name = `${set.name}.`;
  if (isEmpty(set)) return { name, type, changetype: "DELETE" };
  const records = [
    ...values.map((content) => ({ content, disabled: false })),
    ...disabled.map((content) => ({ content, disabled: true })),
  ];
  return { name, type, ttl, records, changetype: "REPLACE" };
}
