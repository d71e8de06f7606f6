import { Host } from "../../../lib/look/host.tsx";
import type { Texts } from "./texts.ts";

const NOTE = "Neu laden ist nicht nötig: Die Seite öffnet sich von selbst, sobald sie zurück ist.";

/** The pages in German. */
export const GERMAN: Texts = {
  online: (hostname) => ({
    title: `${hostname} ist online`,
    heading: (
      <>
        <Host name={hostname} /> ist online
      </>
    ),
    lead: "Diese Seite kommt direkt vom Computer der Person hinter diesem Namen. Das Relay " +
      "dazwischen reicht verschlüsselte Bytes weiter; es kann sie nicht lesen.",
    hint: (
      <>
        Ist das deine? Dann zeig etwas Eigenes: <code>glosson run --upstream 8000</code>{" "}
        reicht Besucher an eine Web-App an Port 8000 weiter, und{" "}
        <code>glosson run --dir ORDNER</code> zeigt Dateien.
      </>
    ),
  }),
  notices: {
    "nothing-here": {
      title: "Hier ist nichts",
      lead: "Der Computer hinter dieser Adresse hat keine solche Seite. Stimmt die Adresse?",
      hint: <a href="/">Zur ersten Seite</a>,
    },
    "no-index": {
      title: "Dieser Ordner hat keine Seite",
      lead: "Hier liegen Dateien, aber keine, die zeigt, was es gibt.",
      hint: (
        <>
          Ist das deiner? Es fehlt eine Datei <code>index.html</code> darin.
        </>
      ),
    },
    "files-away": {
      title: "Die Seite ist gerade nicht lesbar",
      lead: "Der Computer hinter dieser Adresse ist online, kann aber die Dateien seiner Seite " +
        "im Moment nicht lesen.",
      note: NOTE,
      hint: (
        <>
          Ist das deine? Schau, ob der Ordner da ist, und was <code>glosson run</code> meldet.
        </>
      ),
    },
    "app-down": {
      title: "Die Seite läuft gerade nicht",
      lead: "Der Computer hinter dieser Adresse ist online, aber das Programm, das seine Seite " +
        "macht, läuft im Moment nicht.",
      note: NOTE,
      hint: (
        <>
          Ist das deine? Starte deine Web-App und schau, was <code>glosson run</code> meldet.
        </>
      ),
    },
    "app-silent": {
      title: "Die Seite hat nicht rechtzeitig geantwortet",
      lead: "Der Computer hinter dieser Adresse ist online, und das Programm, das seine Seite " +
        "macht, hat die Anfrage angenommen; seitdem schweigt es.",
      note: NOTE,
    },
    "too-much": {
      title: "Zu viel auf einmal",
      lead: "Dieser Computer wird gerade nach mehr gefragt, als er beantworten kann.",
      note: NOTE,
    },
  },
  footer: (relayUrl) => (
    <>
      Diese Seite wohnt auf dem Computer von jemandem. <a href={relayUrl}>Wie das geht</a>
    </>
  ),
};
