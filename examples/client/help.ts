import { type CommandName } from "./arguments.ts";
import { DEFAULT_MAX_VISITORS, DEFAULT_POOL, DEFAULT_WATCH_RESOLVERS } from "./run_arguments.ts";
import { VISITOR_SILENCE_MS } from "./front/limits.ts";
import { DEFAULT_CT_SERVICE } from "./watch/ct.ts";
import { CAA, DOMAIN } from "./names_help.ts";
import { APP_SILENCE_MS } from "./proxy/pass.ts";

const OVERVIEW = `glosson shows a page of yours, from your own computer, under a name at a relay.

Usage:
  glosson setup NAME --relay URL   claim NAME and get its certificate; once
  glosson run                      be online
  glosson status                   tell how things stand
  glosson verify URL --key KEY     look at a page from outside: does its own computer answer?
  glosson watch-ct                 look in the public logs for certificates that are not yours
  glosson away "TEXT"              tell visitors something while you are away
  glosson privacy WHAT VALUE       choose what visitors see while you are away
  glosson domain add DOMAIN        have a domain of your own lead to your page
  glosson caa relay                have nobody but the relay order certificates for your name
  glosson install [options of run] be online from now on, also after a restart of the computer
  glosson uninstall                no more of that
  glosson logs [-n N]              tell what an installed run said
  glosson rename NEW               claim NEW and give the name up that you have
  glosson release                  give your name back
  glosson COMMAND --help           tell more about a command
  glosson --version

The encryption of your page ends in this program: the relay passes bytes that it cannot read. The
private key and the token that prove the name is yours are kept in the state folder:
  --state DIR, or the variable GLOSSON_STATE, or $XDG_CONFIG_HOME/glosson, or ~/.config/glosson
`;

const SETUP = `Claims NAME at a relay and gets a certificate for it.

Usage: glosson setup NAME --relay URL [options]

URL is the address of the relay, or the domain that names are below.

You are given a code to put into the bio of your profile NAME. The relay looks for it there, and
when it is found the name is yours; the code can be removed then. Setting up a name again the same
way replaces a lost token. Interrupted, it goes on where it was when it is started again.

Options:
  --relay URL        address of the relay, such as https://relay.example.org (required)
  --ca FILE          trust the authorities in this PEM file besides the system's, for this relay
  --also LABEL       have LABEL.NAME.BASE in the certificate as well; may be given up to 10 times, and can
                     be changed by glosson run
  --key-type TYPE    ecdsa (default) or rsa, for visitors with very old software
  --force, --yes     replace what the state folder holds without asking
  --bio-file FILE    write the code into FILE, for local trials with a relay that reads bios there
  --state DIR        keep the state in DIR
`;

const RUN = `Goes online and stays there: reconnects after losses and renews the certificate.

Usage: glosson run [--upstream APP | --dir DIR | --tls-upstream SERVER] [options]

What visitors see:
  --upstream APP     a web app: 8000, localhost:8000, https://nas.local or unix:/run/app.sock; it gets
                     the visitor's address in X-Forwarded-For, and X-Forwarded-Proto and -Host
  --dir DIR          the files in DIR, index.html for a folder; nothing that begins with a dot
                     but .well-known
  --tls-upstream HOST:PORT
                     a TLS server of yours, such as Caddy or nginx, that gets visitors' connections as
                     they are; key and certificate are in identity.pem of the state folder
  --proxy-protocol   with the visitor's address before them, by the PROXY protocol (version 2)
  (none)             a small page that says you are online

Options for a web app:
  --app-host HOST    what the app gets as Host: visitor (default), as the visitor sent it; app, its own
                     address, for apps that answer to no other; or a name
  --upstream-ca FILE trust the authorities in this PEM file for an app at https://
  --insecure-upstream  take any certificate of an app at https://
  --app-silence N    seconds that the app may be silent before its answer (default ${
  APP_SILENCE_MS / 1000
})

Options:
  --also LABEL       be at LABEL.NAME.BASE, too, where the relay gives such names: from now on, and nowhere
                     else below the name; may be given up to 10 times. An app tells them by Host
  --no-also          no more of that
  --pool N           most connections kept ready at the relay, 0 to 64 (default ${DEFAULT_POOL})
  --max-visitors N   most visitor connections at once (default ${DEFAULT_MAX_VISITORS})
  --data-over WAY    what carries visitors from the relay: tcp, to its data port; websocket, to its own
                     port; auto (default): the first that works in this network
  --visitor-silence N  seconds that a visitor may be silent within and between requests (default ${
  VISITOR_SILENCE_MS / 1000
})
  --no-watch         do not look at the own page from outside, now and then, to see who answers there
  --watch-resolvers IP,IP
                     who is asked for its addresses besides the system (default ${DEFAULT_WATCH_RESOLVERS})
  --watch-ct URL     look once a day in the public logs for certificates that are not yours, by this service:
                     ${DEFAULT_CT_SERVICE} or one with its JSON (default: do not)
  -v, --verbose      tell about every request, and every visitor, addresses included
  --log-file FILE    append what is told to FILE; from one megabyte on it begins anew, and FILE.1 is
                     what was before
  --state DIR        use the state in DIR

Ctrl-C (or SIGTERM, or the end of its terminal) lets open answers finish for a few seconds; pressed
again it ends at once.
`;

const STATUS = `Tells how this computer's name stands here and at the relay.

Usage: glosson status [--json | --qr] [--state DIR]

--qr shows a QR code too: the command that has another computer verify the page (glosson verify).

Exits with 1 when nothing is set up, the relay cannot be asked, or a glosson run is here whose visitors
cannot reach it: it is not online, the relay's data port, where their connections go, cannot be used, or
somebody else answers in its place.
`;

const VERIFY =
  `Opens a page as a visitor does, and tells whether its own computer answers: compares the key.

Usage: glosson verify https://NAME.BASE --key FINGERPRINT [options]

FINGERPRINT is what glosson status shows on the page's own computer: the SHA-256 of its public key. Carry it
over by a way that the relay has no part in. Ask from another network than the page's, and while it is online.

Options:
  --alpn PROTOCOL  also expect this to be agreed on: h2 is, where glosson itself ends TLS
  --address IP     connect to this address, whatever the name resolves to
  --ca FILE        trust the authorities in this PEM file besides the system's

Exits with 0 when all is as expected, 7 when it is not, 1 when the page could not be looked at.
`;

const WATCH_CT =
  `Looks in the public logs of certificates for some by which others could stand for your page.

Usage: glosson watch-ct [--service URL] [--state DIR]

Certificates for your page's name, and for any below it, must be for a key that this computer has or had, those
for the wildcard above it for one that the relay tells of (GET /v1/relay). glosson run --watch-ct URL looks once a day.

Options:
  --service URL    who is asked: a search service with crt.sh's JSON (default ${DEFAULT_CT_SERVICE})
  --state DIR      use the state in DIR

Exits with 0 when all are in order, 7 when some are not, 1 when the service or the relay could not be asked.
`;

const AWAY = `Tells visitors something while you are away, on the relay's page for your name.

Usage: glosson away "TEXT" [--state DIR]
       glosson away --clear [--state DIR]

TEXT has at most 280 characters.
`;

const PRIVACY = `Chooses what visitors see while you are away.

Usage: glosson privacy last-seen on|off [--state DIR]
       glosson privacy offline-page full|plain|none [--state DIR]

last-seen     whether the relay's page says when you were last online
offline-page  full: a page with that and your text (glosson away); plain: a page without them; none: no
              page at all, the visitor's browser says that there is no such site
`;

const INSTALL = `Has this computer be online from now on, by what keeps programs running on it.

Usage: glosson install [options of glosson run but --log-file]

That is systemd for its user, launchd on macOS, the task scheduler on Windows, else cron. It starts run
again when that failed, but not when another computer took the name over, the token is void, the name
is blocked or given back, or the command line is wrong. Relative paths in the options are those of this folder. The
log is glosson.log in the state folder, of one megabyte and an older one at most. Again: with other
options.
`;

const UNINSTALL = `Ends what glosson install began, and takes it away.

Usage: glosson uninstall [--state DIR]
`;

const LOGS = `Tells the last lines that an installed glosson run said.

Usage: glosson logs [-n N] [--state DIR]

Options:
  -n, --lines N    how many (default 20)
`;

const RENAME = `Claims another name at the same relay, and gives the one that you have back.

Usage: glosson rename NEW [--yes] [--state DIR]

As with setup you are given a code, for the bio of your profile NEW. The name that you have is given
back once NEW has its certificate; interrupted, the same again goes on. Stop glosson run first.

Options:
  --yes, -y        do not ask whether to
  --bio-file FILE  write the code into FILE, for local trials with a relay that reads bios there
  --state DIR      use the state in DIR
`;

const RELEASE =
  `Gives your name back to the relay: its page is gone, and after a while others may claim it.

Usage: glosson release [--yes] [--state DIR]

A glosson run ends with it. All that was kept for the name is removed here, but for which keys there were.
`;

const TEXTS: Record<CommandName, string> = {
  setup: SETUP,
  run: RUN,
  status: STATUS,
  verify: VERIFY,
  "watch-ct": WATCH_CT,
  away: AWAY,
  privacy: PRIVACY,
  domain: DOMAIN,
  caa: CAA,
  install: INSTALL,
  uninstall: UNINSTALL,
  logs: LOGS,
  rename: RENAME,
  release: RELEASE,
};

/** The help text for the whole program or one command. */
export function helpText(topic?: CommandName): string {
  return topic === undefined ? OVERVIEW : TEXTS[topic];
}
