import type { JSX } from "hono/jsx/jsx-runtime";
import type { RelayInfo } from "./relay_info.ts";

/** Where to write to, as a link if it is a mail address or a URL. */
export function Contact({ contact }: { contact: string }): JSX.Element {
  if (/^https?:\/\//.test(contact)) {
    return <a href={contact}>{contact.replace(/^https?:\/\//, "")}</a>;
  }
  if (/^(?:mailto:)?[^@\s]+@[^@\s]+$/.test(contact)) {
    const address = contact.replace(/^mailto:/, "");
    return <a href={`mailto:${address}`}>{address}</a>;
  }
  return <>{contact}</>;
}

/** The name of the site whose profiles prove names, as a link if there is one. */
export function Profiles({ name, url }: NonNullable<RelayInfo["profiles"]>): JSX.Element {
  return url === undefined ? <>{name}</> : <a href={url}>{name}</a>;
}
