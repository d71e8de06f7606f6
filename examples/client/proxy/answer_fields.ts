import { endToEnd, type Field, without } from "../http/fields.ts";
import type { AnswerHead } from "../http/head.ts";
import { type Addresses, publicCookie, publicUrl, withPublicUrls } from "./public_address.ts";

/** The head of an app's answer as the visitor gets it, without how its body is framed. */
export function answerHead(head: AnswerHead, addresses: Addresses): AnswerHead {
  const isInterim = head.status < 200;
  const fields = without(
    endToEnd(head.fields),
    (name) =>
      // It would send browsers to a port of this computer that they cannot reach.
      name === "alt-svc" ||
      // No interim answer has a body; over HTTP/2 a length in one ends the stream (RFC 9110 section 8.6).
      (isInterim && name === "content-length"),
  );
  return {
    ...head,
    fields: [...required(head), ...fields.map((field) => mapped(field, addresses))],
  };
}

/** What a 426 asks the visitor to go over to, which it has to name (RFC 9110 section 15.5.22). */
function required({ status, fields }: AnswerHead): Field[] {
  return status === 426 ? fields.filter(([name]) => name.toLowerCase() === "upgrade") : [];
}

/** The head of an app's 101, with what says that the connection goes on otherwise. */
export function switchingHead(head: AnswerHead, addresses: Addresses, upgrade: string): AnswerHead {
  const { fields, ...rest } = answerHead(head, addresses);
  return { ...rest, fields: [["Upgrade", upgrade], ["Connection", "Upgrade"], ...fields] };
}

function mapped([name, value]: Field, addresses: Addresses): Field {
  switch (name.toLowerCase()) {
    case "location":
    case "content-location":
      return [name, publicUrl(value, addresses)];
    case "refresh":
      return [name, publicRefresh(value, addresses)];
    case "link":
    case "content-security-policy":
    case "content-security-policy-report-only":
      return [name, withPublicUrls(value, addresses)];
    case "set-cookie":
      return [name, publicCookie(value, addresses)];
    default:
      return [name, value];
  }
}

/** Seconds, and maybe a URL behind them, in the words and quotes that browsers take (HTML section 4.2.5.3). */
function publicRefresh(value: string, addresses: Addresses): string {
  const parts = /^([^;,]*[;,]\s*(?:url\s*=\s*)?["']?)(.*?)(["']?)$/i.exec(value);
  if (parts === null) return value;
  const [, before, url, after] = parts;
  return `${before}${publicUrl(url!, addresses)}${after}`;
}
