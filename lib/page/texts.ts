import type { JSX } from "hono/jsx/jsx-runtime";
import type { Language } from "../look/language.ts";
import type { Notice, Text } from "../look/notice.tsx";
import { ENGLISH } from "./english.tsx";
import { GERMAN } from "./german.tsx";
import type { RelayInfo } from "./relay_info.ts";

/** All that the relay's pages say in one language. */
export interface Texts {
  landing: LandingTexts;
  notFound: (relay: RelayInfo) => Notice;
  /** The page at the address of the API. */
  relay: (relay: RelayInfo) => Notice;
  offline: (username: string, seen: { lastOnlineAt?: number; now: number }) => Notice;
  setup: (username: string, relay: RelayInfo) => Notice;
  restarting: (username: string) => Notice;
  /** The relay cannot look up now whose the host is. */
  unclear: (host: string) => Notice;
  /** `unreachable`: the user's computer says that visitors' connections do not get through. */
  notResponding: (username: string, unreachable: boolean, relay: RelayInfo) => Notice;
  /** The user's bytes of the day have passed. */
  usedUp: (username: string) => Notice;
  /** `username` is absent where the name cannot be one. */
  unknownName: (host: string, relay: RelayInfo, username?: string) => Notice;
  suspended: (host: string, relay: RelayInfo) => Notice;
  misdirected: Notice;
  footer: {
    howItWorks: (url: string) => JSX.Element;
    report: (contact: JSX.Element) => JSX.Element;
  };
}

/** What the landing page says, from its top to its end. */
export interface LandingTexts {
  title: string;
  heading: string;
  lead: Text;
  how: (address: string) => JSX.Element;
  moveIn: string;
  install: Text;
  claim: (profiles: JSX.Element | undefined) => JSX.Element;
  run: Text;
  help: (clientUrl: string) => JSX.Element;
  whereTlsEnds: string;
  ends: { visitor: Text; relay: Text; home: Text; caption: Text };
  staysYours: string;
  privacy: Text[];
  source: (sourceUrl: string) => JSX.Element;
}

/** The texts by language. */
export const TEXTS: Readonly<Record<Language, Texts>> = { en: ENGLISH, de: GERMAN };
