import type { JSX } from "hono/jsx/jsx-runtime";
import type { Language } from "../../../lib/look/language.ts";
import type { Notice } from "../../../lib/look/notice.tsx";
import { ENGLISH } from "./english.tsx";
import { GERMAN } from "./german.tsx";

/** All that this program's own pages say in one language. */
export interface Texts {
  online: (hostname: string) => Notice;
  notices: Record<
    "nothing-here" | "no-index" | "files-away" | "app-down" | "app-silent" | "too-much",
    Notice
  >;
  footer: (relayUrl: string) => JSX.Element;
}

/** The texts by language. */
export const TEXTS: Readonly<Record<Language, Texts>> = { en: ENGLISH, de: GERMAN };
