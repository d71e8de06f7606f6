import type { Language } from "./language.ts";

/** What the frame of every page says. */
interface Words {
  tryAgain: string;
  /** Said in place of the note while this device has no network. */
  deviceOffline: string;
  /** Said in place of the note once another page is there. */
  opening: string;
  /** For who sent a form: it is not sent again by itself. */
  formLost: string;
  copy: string;
  copied: string;
}

/** The words of {@linkcode Words} by language. */
export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    tryAgain: "Try again",
    deviceOffline: "This device is offline. The page is looked for again once it is back.",
    opening: "There it is: opening the page.",
    formLost: "What you sent has not arrived. Go back, keep it, and send it again later.",
    copy: "Copy",
    copied: "Copied",
  },
  de: {
    tryAgain: "Nochmal versuchen",
    deviceOffline: "Dieses Gerät ist offline. Sobald es wieder online ist, geht die Suche weiter.",
    opening: "Da ist sie: Die Seite wird geöffnet.",
    formLost:
      "Was du abgeschickt hast, ist nicht angekommen. Geh zurück, behalte es, und schick es später noch einmal.",
    copy: "Kopieren",
    copied: "Kopiert",
  },
};
