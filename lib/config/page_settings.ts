import { optional, required } from "./setting.ts";
import { commandLine, line, orNone, text, url } from "./values.ts";

const LIVE = { live: true };

/** What the relay's own pages say that is the operator's to say. */
export const PAGE_SETTINGS = {
  contact: optional("CONTACT", text, "Address for reports of abuse, shown on the pages", LIVE),
  installCommand: required(
    "INSTALL_COMMAND",
    commandLine,
    "python3 -m pip install 'git+https://git.32bit.cafe/kaylee/glosson.git'",
    "Command that installs the client, shown on the landing page",
    LIVE,
  ),
  clientCommand: required(
    "CLIENT_COMMAND",
    commandLine,
    "python -m glosson",
    "What the client's commands on the pages begin with",
    LIVE,
  ),
  clientUrl: required(
    "CLIENT_URL",
    orNone(url),
    "https://git.32bit.cafe/kaylee/glosson",
    "Where the landing page sends people for the client's help and source; empty: nowhere",
    LIVE,
  ),
  sourceUrl: optional(
    "SOURCE_URL",
    url,
    "Where the landing page links to the relay's source",
    LIVE,
  ),
  profilesName: optional(
    "PROFILES_NAME",
    line,
    "Name of the site whose profiles prove names, as the pages say it: your profile at …",
    LIVE,
  ),
  profilesUrl: optional("PROFILES_URL", url, "Where that site's name leads to", LIVE),
  credit: required(
    "CREDIT",
    line,
    "The notification experience builds on glossonotif.",
    "Whom the landing page thanks, a sentence; empty: nobody",
    LIVE,
  ),
};
