import { Host } from "../../../lib/look/host.tsx";
import type { Texts } from "./texts.ts";

const NOTE = "No need to reload: the page opens by itself as soon as it is back.";

/** The pages in English. */
export const ENGLISH: Texts = {
  online: (hostname) => ({
    title: `${hostname} is online`,
    heading: (
      <>
        <Host name={hostname} /> is online
      </>
    ),
    lead:
      "This page comes straight from the computer of the person behind this name. The relay in " +
      "between passes encrypted bytes; it cannot read them.",
    hint: (
      <>
        Is it yours? Then show something of your own: <code>glosson run --upstream 8000</code>{" "}
        passes visitors to a web app on port 8000, and <code>glosson run --dir FOLDER</code>{" "}
        shows files.
      </>
    ),
  }),
  notices: {
    "nothing-here": {
      title: "There is nothing here",
      lead:
        "The computer behind this address has no such page. Perhaps there is a slip in the link?",
      hint: <a href="/">To the first page</a>,
    },
    "no-index": {
      title: "This folder has no page",
      lead: "There are files here, but none that shows what there is.",
      hint: (
        <>
          Is it yours? There is no <code>index.html</code> in the folder.
        </>
      ),
    },
    "files-away": {
      title: "The page cannot be read",
      lead: "The computer behind this address is online, but cannot read the files of its page " +
        "at the moment.",
      note: NOTE,
      hint: (
        <>
          Is it yours? Look whether the folder is there, and at what <code>glosson run</code>{" "}
          prints.
        </>
      ),
    },
    "app-down": {
      title: "The page is not running",
      lead: "The computer behind this address is online, but the program that makes its page is " +
        "not running at the moment.",
      note: NOTE,
      hint: (
        <>
          Is it yours? Start your web app, and look at what <code>glosson run</code> prints.
        </>
      ),
    },
    "app-silent": {
      title: "The page did not answer in time",
      lead:
        "The computer behind this address is online, and the program that makes its page took " +
        "the request; it has said nothing since.",
      note: NOTE,
    },
    "too-much": {
      title: "Too much at once",
      lead: "This computer is asked for more than it can answer at the moment.",
      note: NOTE,
    },
  },
  footer: (relayUrl) => (
    <>
      This page lives on somebody’s own computer. <a href={relayUrl}>How that works</a>
    </>
  ),
};
