import { Host } from "../look/host.tsx";
import { Contact, Profiles } from "./links.tsx";
import { LastSeen } from "./last_seen.tsx";
import { runCommand, setupCommand } from "./relay_info.ts";
import type { Texts } from "./texts.ts";

/** The pages in German. */
export const GERMAN: Texts = {
  landing: {
    title: "Glosson: eine eigene Seite, vom eigenen Computer",
    heading: "Eine eigene Seite, vom eigenen Computer",
    lead: "Glosson bringt deine persönliche Benachrichtigungsseite ins Web, unter einer eigenen " +
      "Adresse. Alles, was darauf steht, bleibt zu Hause: auf dem Computer vor dir.",
    how: (address) => (
      <>
        Du startest ein kleines Programm. Es hält eine Leitung zu diesem Relay offen, und das Relay
        schickt die Besucher von <code>{address}</code>{" "}
        durch diese Leitung. Kein Server zu mieten, kein Router einzustellen, keine Domain zu
        kaufen.
      </>
    ),
    moveIn: "Einziehen",
    install: "Installiere den Client. Du brauchst Python 3.",
    claim: (profiles) => (
      <>
        Hol dir deinen Namen. Du bekommst einen kurzen Code für die Bio deines Profils{profiles && (
          <>{" "}bei {profiles}</>
        )}; er zeigt, dass der Name dir gehört.
      </>
    ),
    run: "Mach die Tür auf und lass das Programm laufen. So lange ist deine Seite online; danach " +
      "finden Besucher eine freundliche Notiz, und deine Seite, sobald du zurück bist.",
    help: (clientUrl) => (
      <>
        Es hakt, oder du willst mehr wissen? <a href={clientUrl}>Beim Client</a>{" "}
        stehen Hilfe und Quelltext.
      </>
    ),
    whereTlsEnds: "Wo die Verschlüsselung endet",
    ends: {
      visitor: "Browser der Besucher",
      relay: "Dieses Relay",
      home: "Dein Computer",
      caption:
        "Eine verschlüsselte Verbindung von Ende zu Ende: Nur die beiden Enden haben die Schlüssel.",
    },
    staysYours: "Was dein bleibt",
    privacy: [
      "Besucher sprechen über TLS mit deinem Computer, verschlüsselt von Ende zu Ende. Der " +
      "Schlüssel dazu entsteht auf deinem Computer und verlässt ihn nie.",
      "Das Relay liest von der Verbindung eines Besuchers nur eins: den Namen der Seite, zu der " +
      "sie soll. Der Rest sind Bytes, die es nicht lesen kann. Es sieht keine Seite, kein " +
      "Passwort und keine Nachricht; was es sehen muss, ist, wer sich wann verbindet und wie viel " +
      "gesendet wird.",
      "Solange du weg bist, kommt die Notiz für Besucher vom Relay selbst, mit dessen eigenem " +
      "Zertifikat.",
    ],
    source: (sourceUrl) => (
      <>
        Du musst das nicht glauben: <a href={sourceUrl}>Der Quelltext des Relays</a> ist offen.
      </>
    ),
  },
  notFound: ({ base }) => ({
    title: "Diese Seite gibt es nicht",
    lead: (
      <>
        Hier gibt es nur <a href={`https://${base}/`}>die Startseite</a>.
      </>
    ),
  }),
  relay: ({ base }) => ({
    title: "Die Tür des Relays für Programme",
    lead: (
      <>
        Diese Adresse ist für das Programm, das Leute zu Hause laufen lassen: Es kommt hierher, um
        online zu sein. Zu sehen gibt es hier nichts.
      </>
    ),
    hint: (
      <>
        <a href={`https://${base}/`}>Die Startseite</a>{" "}
        erzählt, wozu das Relay da ist; wer Programme dafür schreibt, findet die Anfragen in{" "}
        <a href="/v1/openapi.json">openapi.json</a>.
      </>
    ),
  }),
  offline: (username, { lastOnlineAt, now }) => ({
    title: `${username} ist offline`,
    lead: (
      <>
        Diese Seite wohnt auf dem Computer von {username}, und der ist gerade nicht verbunden.
        {lastOnlineAt !== undefined && (
          <>
            {" "}Zuletzt war er{" "}
            <LastSeen
              {...{ at: lastOnlineAt, now }}
              locale="de"
              justNow="gerade eben"
              on={(date) => `am ${date}`}
            />{" "}
            hier.
          </>
        )}
      </>
    ),
    note:
      `Neu laden ist nicht nötig: Die Seite öffnet sich von selbst, sobald ${username} zurück ist.`,
  }),
  setup: (username, relay) => ({
    title: `${username} richtet sich ein`,
    lead: `${username} ist hier eingezogen, aber die Seite war noch nie online.`,
    note: "Neu laden ist nicht nötig: Die Seite öffnet sich von selbst, sobald sie da ist.",
    hint: (
      <>
        Ist das deine Seite? Starte <code>{runCommand(relay)}</code>{" "}
        auf deinem Computer und lass es laufen.
      </>
    ),
  }),
  restarting: (username) => ({
    title: "Einen Moment",
    lead: `Das Relay, das zur Seite von ${username} führt, startet gerade neu.`,
    note: "Neu laden ist nicht nötig: Die Seite öffnet sich von selbst.",
  }),
  unclear: (host) => ({
    title: "Einen Moment",
    lead: `Dieses Relay kann gerade nicht nachsehen, wer unter ${host} zu finden ist.`,
    note: "Neu laden ist nicht nötig: Die Seite öffnet sich von selbst.",
  }),
  notResponding: (username, unreachable, relay) => ({
    title: `${username} antwortet nicht`,
    heading: `Die Seite von ${username} antwortet nicht`,
    lead: unreachable
      ? `Der Computer von ${username} ist an, aber die Verbindungen für Besucher kommen zwischen ` +
        "ihm und diesem Relay nicht durch. Eine Firewall auf dem Weg oder das Relay hält sie auf; " +
        "du kannst daran nichts ändern."
      : `Der Computer von ${username} ist verbunden, hat aber nicht rechtzeitig geantwortet. ` +
        "Vielleicht ist er beschäftigt, wacht gerade auf oder hat eine langsame Leitung.",
    note: "Neu laden ist nicht nötig: Diese Seite klopft weiter an und öffnet sich von selbst.",
    hint: (
      <>
        Ist das deine Seite? Schau, was <code>{runCommand(relay)}</code> auf deinem Computer meldet
        {unreachable && ": Es nennt den Port, der durchgelassen werden muss"}.
      </>
    ),
  }),
  usedUp: (username) => ({
    title: `Die Seite von ${username} ist morgen wieder da`,
    lead: `Der Computer von ${username} ist verbunden, aber für heute sind so viele Besuche und ` +
      "Downloads durch dieses Relay gegangen, wie es für eine Seite überträgt. Der nächste Tag " +
      "beginnt um Mitternacht UTC.",
    note: "Neu laden ist nicht nötig: Die Seite öffnet sich von selbst.",
    hint: "Ist das deine Seite? Bitte den Betreiber des Relays um mehr.",
  }),
  unknownName: (host, relay, username) => ({
    title: "Hier wohnt niemand",
    heading: username === undefined ? "Hier wohnt niemand" : "Hier wohnt noch niemand",
    lead: (
      <>
        Unter{" "}
        <b>
          <Host name={host} />
        </b>{" "}
        gibt es keine Seite. Ist die Adresse richtig geschrieben?
      </>
    ),
    ...(username !== undefined && {
      hint: (
        <>
          Bist du {username}
          {relay.profiles && (
            <>
              {" "}bei <Profiles {...relay.profiles} />
            </>
          )}? Dann <a href={`https://${relay.base}/#setup`}>kannst du einziehen</a>:
        </>
      ),
      command: setupCommand(relay, username),
    }),
  }),
  suspended: (host, { contact }) => ({
    title: "Diese Seite ist gesperrt",
    lead: (
      <>
        Der Betreiber dieses Relays hat{" "}
        <b>
          <Host name={host} />
        </b>{" "}
        gesperrt.
      </>
    ),
    hint: (
      <>
        Ist das deine Seite und ein Irrtum? Schreib an{" "}
        {contact === undefined ? "den Betreiber" : <Contact contact={contact} />}.
      </>
    ),
  }),
  misdirected: {
    title: "Einen Moment",
    lead:
      "Dein Browser hat an der falschen Tür geklopft: Er hat eine Verbindung wiederverwendet, " +
      "die für eine andere Seite gedacht war.",
    note: "Er versucht es von selbst noch einmal, auf einer neuen.",
  },
  footer: {
    howItWorks: (url) => (
      <>
        Die Seiten hier wohnen auf den Computern der Leute. <a href={url}>Wie das geht</a>
      </>
    ),
    report: (contact) => <>Um eine Seite zu melden, schreib an {contact}.</>,
  },
};
