import {
  ExtensionsAttribute,
  type Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { isLabelBelow } from "../wire/names.ts";

export const EXTENSION_REQUEST_OID = "1.2.840.113549.1.9.14";
const SUBJECT_ALT_NAME_OID = "2.5.29.17";
const COMMON_NAME_DER = [0x06, 0x03, 0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME_DER = [0x06, 0x03, 0x55, 0x1d, 0x11];

/** Room for `_acme-challenge.` before a name (RFC 1035 section 2.3.4: 253 in all). */
const MAX_NAME_CHARACTERS = 253 - "_acme-challenge.".length;

/** Carries the reason from the check that fails to `checkCsr()`, which alone catches it. */
export class Refusal extends Error {}

/** The labels before `hostname` that a request names besides it. */
export function checkNames(
  request: Pkcs10CertificateRequest,
  hostname: string,
  maxBelow: number,
): string[] {
  const der = new Uint8Array(request.rawData);
  const commonNames = request.subjectName.getField("CN");
  for (const name of commonNames) {
    if (name.toLowerCase() !== hostname) {
      throw new Refusal(
        `The common name is ${shown(name)}: leave it out or set it to ${hostname}`,
      );
    }
  }
  const extension = request.getAttributes(EXTENSION_REQUEST_OID)
    .flatMap((attribute) => attribute instanceof ExtensionsAttribute ? attribute.items : [])
    .find(({ type }) => type === SUBJECT_ALT_NAME_OID);
  if (extension === undefined) {
    throw new Refusal(`The request has no subject alternative name: add DNS:${hostname}`);
  }
  const { items } = new SubjectAlternativeNameExtension(extension.rawData).names;
  const below = checkSubjectNames(items, hostname, maxBelow);
  if (occurrences(der, COMMON_NAME_DER) !== commonNames.length) {
    throw new Refusal(`The subject cannot be read: leave it empty or set CN=${hostname} only`);
  }
  // The parser drops what it cannot read (an otherName, for one), in lists of names, extensions
  // and attributes alike, and an authority may read more: so nothing else may be there at all.
  const names = new Uint8Array(extension.value);
  const alone = new Uint8Array(
    new SubjectAlternativeNameExtension(
      items.map(({ value }) => ({ type: "dns" as const, value })),
    ).value,
  );
  if (!sameBytes(names, alone) || occurrences(der, SUBJECT_ALT_NAME_DER) !== 1) {
    throw new Refusal(`The request names more than DNS names: name only DNS:${hostname}`);
  }
  return below;
}

function checkSubjectNames(
  items: readonly { type: string; value: string }[],
  hostname: string,
  maxBelow: number,
): string[] {
  const besides = maxBelow > 0 ? ` and names of one label below it, ${maxBelow} at most` : "";
  const within = `.${hostname}`;
  const names = new Set<string>();
  for (const { type, value } of items) {
    const name = value.toLowerCase();
    const mayBeBelow = maxBelow > 0 && name.endsWith(within) &&
      isLabelBelow(name.slice(0, -within.length));
    if (type !== "dns" || name !== hostname && !mayBeBelow) {
      throw new Refusal(
        `The request names ${type} ${shown(value)}: name only DNS:${hostname}${besides}`,
      );
    }
    if (name.length > MAX_NAME_CHARACTERS) {
      throw new Refusal(
        `The request names ${name}, of ${name.length} characters: name none of more than ${MAX_NAME_CHARACTERS}`,
      );
    }
    if (names.has(name)) throw new Refusal(`The request names ${name} twice: name it once`);
    names.add(name);
  }
  if (!names.delete(hostname)) {
    throw new Refusal(`The request does not name ${hostname}: add DNS:${hostname}`);
  }
  if (names.size > maxBelow) {
    throw new Refusal(
      `The request names ${names.size} names below ${hostname}: name ${maxBelow} at most`,
    );
  }
  return [...names].map((name) => name.slice(0, -within.length)).sort();
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function occurrences(bytes: Uint8Array, part: readonly number[]): number {
  let count = 0;
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, i) => byte === bytes[at + i])) count++;
  }
  return count;
}

/** Another's text, cut and free of control characters, so that it can stand in an answer. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
