import { Host } from "../look/host.tsx";
import { Contact, Profiles } from "./links.tsx";
import { LastSeen } from "./last_seen.tsx";
import { runCommand, setupCommand } from "./relay_info.ts";
import type { Texts } from "./texts.ts";

/** The pages in English. */
export const ENGLISH: Texts = {
  landing: {
    title: "Glosson: a page of your own, from your own computer",
    heading: "A page of your own, from your own computer",
    lead: "Glosson puts your personal notification page on the web, at an address of its own, " +
      "while everything on it stays at home: on the computer in front of you.",
    how: (address) => (
      <>
        You run a small program. It keeps a line open to this relay, and the relay sends the
        visitors of <code>{address}</code>{" "}
        down that line. No server to rent, no router to configure, no domain to buy.
      </>
    ),
    moveIn: "Move in",
    install: "Install the client. You need Python 3.",
    claim: (profiles) => (
      <>
        Claim your name. You are given a short code to put into the bio of your profile{profiles &&
          <>{" "}at {profiles}</>}, which shows that the name is yours.
      </>
    ),
    run:
      "Open the door, and leave it running. While it does, your page is online; when it stops, " +
      "visitors find a friendly note, and your page as soon as you are back.",
    help: (clientUrl) => (
      <>
        Stuck, or curious? <a href={clientUrl}>The client’s home</a> has its help and its source.
      </>
    ),
    whereTlsEnds: "Where the encryption ends",
    ends: {
      visitor: "Visitor’s browser",
      relay: "This relay",
      home: "Your computer",
      caption: "One encrypted connection from end to end: only the two ends have its keys.",
    },
    staysYours: "What stays yours",
    privacy: [
      "Visitors talk to your computer through TLS, encrypted from end to end. The key to it is " +
      "made on your computer and never leaves it.",
      "The relay reads one thing from a visitor’s connection: the name of the page that it is " +
      "for. The rest is bytes that it cannot read. It sees no page, no password and no message; " +
      "what it cannot help seeing is who connects, when, and how much is sent.",
      "While you are away, the note that visitors find is the relay’s own, under the relay’s own " +
      "certificate.",
    ],
    source: (sourceUrl) => (
      <>
        No need to take our word for it: <a href={sourceUrl}>read the relay’s source</a>.
      </>
    ),
  },
  notFound: ({ base }) => ({
    title: "No such page",
    heading: "There is no such page",
    lead: (
      <>
        The only page here is <a href={`https://${base}/`}>the front page</a>.
      </>
    ),
  }),
  relay: ({ base }) => ({
    title: "The relay’s door for programs",
    lead: (
      <>
        This address is for the program that people run at home: it comes here to be online. There
        is nothing to look at.
      </>
    ),
    hint: (
      <>
        <a href={`https://${base}/`}>The front page</a>{" "}
        tells what the relay is for; who writes programs for it finds its requests in{" "}
        <a href="/v1/openapi.json">openapi.json</a>.
      </>
    ),
  }),
  offline: (username, { lastOnlineAt, now }) => ({
    title: `${username} is offline`,
    lead: (
      <>
        This page lives on {username}’s own computer, and that is not connected right now.
        {lastOnlineAt !== undefined && (
          <>
            {" "}It was last here{" "}
            <LastSeen
              {...{ at: lastOnlineAt, now }}
              locale="en-GB"
              justNow="a moment ago"
              on={(date) => `on ${date}`}
            />.
          </>
        )}
      </>
    ),
    note: `No need to reload: the page opens by itself as soon as ${username} is back.`,
  }),
  setup: (username, relay) => ({
    title: `${username} is setting up`,
    lead: `${username} has moved in here, but their page has not been online yet.`,
    note: "No need to reload: the page opens by itself as soon as it is there.",
    hint: (
      <>
        Is this your page? Run <code>{runCommand(relay)}</code>{" "}
        on your computer, and leave it running.
      </>
    ),
  }),
  restarting: (username) => ({
    title: "One moment",
    lead: `The relay that leads to ${username}’s page is being restarted.`,
    note: "No need to reload: the page opens by itself.",
  }),
  unclear: (host) => ({
    title: "One moment",
    lead: `This relay cannot look up at the moment who is at ${host}.`,
    note: "No need to reload: the page opens by itself.",
  }),
  notResponding: (username, unreachable, relay) => ({
    title: `${username} is not responding`,
    heading: `${username}’s page is not responding`,
    lead: unreachable
      ? `${username}’s own computer is on, but the connections that carry visitors do not get ` +
        "through between it and this relay. A firewall on the way, or the relay, stops them; " +
        "you can do nothing about it."
      : `${username}’s own computer is connected, but it did not answer in time. It may be ` +
        "busy, waking up, or on a slow line.",
    note: "No need to reload: this page keeps knocking, and opens by itself.",
    hint: (
      <>
        Is this your page? Look at what <code>{runCommand(relay)}</code> prints on your computer
        {unreachable && ": it names the port that has to be let through"}.
      </>
    ),
  }),
  usedUp: (username) => ({
    title: `${username}’s page is back tomorrow`,
    lead: `${username}’s own computer is connected, but it has had as many visits and downloads ` +
      "today as this relay carries for one page. The next day begins at midnight, UTC.",
    note: "No need to reload: the page opens by itself.",
    hint: "Is this your page? Ask the operator of the relay for more.",
  }),
  unknownName: (host, relay, username) => ({
    title: "Nobody lives here",
    heading: username === undefined ? "Nobody lives here" : "Nobody lives here yet",
    lead: (
      <>
        There is no page at{" "}
        <b>
          <Host name={host} />
        </b>. Perhaps there is a slip in the address?
      </>
    ),
    ...(username !== undefined && {
      hint: (
        <>
          Are you {username}
          {relay.profiles && (
            <>
              {" "}at <Profiles {...relay.profiles} />
            </>
          )}? Then <a href={`https://${relay.base}/#setup`}>you can move in</a>:
        </>
      ),
      command: setupCommand(relay, username),
    }),
  }),
  suspended: (host, { contact }) => ({
    title: "This page is suspended",
    lead: (
      <>
        The operator of this relay has closed{" "}
        <b>
          <Host name={host} />
        </b>.
      </>
    ),
    hint: (
      <>
        Is it your page, and a mistake? Write to{" "}
        {contact === undefined ? "the operator" : <Contact contact={contact} />}.
      </>
    ),
  }),
  misdirected: {
    title: "One moment",
    lead: "Your browser knocked at the wrong door: it reused a connection that was made for " +
      "another page.",
    note: "It tries again by itself, on a new one.",
  },
  footer: {
    howItWorks: (url) => (
      <>
        Pages here live on people’s own computers. <a href={url}>How that works</a>
      </>
    ),
    report: (contact) => <>To report a page, write to {contact}.</>,
  },
};
