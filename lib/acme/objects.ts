/** What an ACME server answers with (RFC 8555 section 7.1), checked as far as it is used. */
import { z } from "zod";

/** Most authorizations that one order may have: those for a user's names are two. */
const MAX_AUTHORIZATIONS = 100;

/** A member that is not always there; some servers write `null` then. */
const maybe = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined).optional();

/** The same where an order does without: an odd one is none. */
const optional = <T extends z.ZodType>(schema: T) => maybe(schema).catch(undefined);

/** A name in CAA records (RFC 8659 section 4.2), which is written to the DNS. */
const caaIdentity = z.string().max(253).regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i);

const caaIdentities = z.array(z.unknown()).transform((told) =>
  told.flatMap((each) => caaIdentity.safeParse(each).data ?? [])
);

const directory = z.looseObject({
  newNonce: z.string(),
  newOrder: z.string(),
  renewalInfo: optional(z.string()),
  meta: optional(z.object({
    termsOfService: optional(z.string()),
    caaIdentities: optional(caaIdentities),
    externalAccountRequired: optional(z.boolean()),
    /** Names of the profiles that can be ordered, with what is said of them. */
    profiles: optional(z.record(z.string(), z.unknown())),
  })),
});

const order = z.object({
  status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
  authorizations: z.array(z.string()).max(MAX_AUTHORIZATIONS),
  finalize: z.string(),
  certificate: maybe(z.string()),
  error: z.unknown().optional(),
});

const challenge = z.object({
  type: z.string(),
  url: z.string(),
  /** Kinds that are not used here may have none. */
  token: optional(z.string().max(1024).regex(/^[\w-]+$/)),
  status: z.string(),
  error: z.unknown().optional(),
});

const authorization = z.object({
  status: z.enum(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
  identifier: z.object({ type: z.string(), value: z.string() }),
  challenges: z.array(challenge),
  wildcard: maybe(z.boolean()),
});

const renewalInfo = z.object({
  suggestedWindow: z.object({ start: z.string(), end: z.string() }),
  explanationURL: optional(z.string().max(2048)),
});

/** An ACME server's directory (RFC 8555, section 7.1.1; RFC 9773 for `renewalInfo`). */
export type AcmeDirectory = z.infer<typeof directory>;

/** An order (RFC 8555, section 7.1.3). */
export type AcmeOrder = z.infer<typeof order>;

/** An authorization of one name (RFC 8555, section 7.1.4). */
export type AcmeAuthorization = z.infer<typeof authorization>;

/** One way to prove a name. */
export type AcmeChallenge = z.infer<typeof challenge>;

/** Reads an object of a server's answer; throws an error that says what is wrong with it. */
export type ReadObject<T> = (data: unknown) => T;

export const readDirectory: ReadObject<AcmeDirectory> = reader("directory", directory);
export const readOrder: ReadObject<AcmeOrder> = reader("order", order);
export const readAuthorization: ReadObject<AcmeAuthorization> = reader(
  "authorization",
  authorization,
);

/** When a certificate is to be renewed (RFC 9773, section 4.2). */
export const readRenewalInfo: ReadObject<z.infer<typeof renewalInfo>> = reader(
  "renewal information",
  renewalInfo,
);

function reader<T>(what: string, schema: z.ZodType<T>): ReadObject<T> {
  return (data) => {
    const { success, data: object, error } = schema.safeParse(data);
    if (success) return object;
    const { path, message } = error.issues[0]!;
    throw new Error(
      `The ACME server answers with no ${what} as its RFC has it: ${
        [path.join("."), message].filter(Boolean).join(": ")
      }`,
    );
  };
}
