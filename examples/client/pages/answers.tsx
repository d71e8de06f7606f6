import type { Answer } from "../../../lib/look/answer.ts";
import { tell, type Told } from "../../../lib/look/tell.tsx";
import type { AskedHere, MakePage } from "./own_page.ts";
import { TEXTS, type Texts } from "./texts.ts";

/** When to try an app again that does not answer, or a folder that is away. */
const RETRY_S = 10;

/** The built-in page. */
export function online(hostname: string): MakePage {
  return (asked) =>
    tellHere(asked, {
      status: 200,
      page: "online",
      scene: "home",
      notice: TEXTS[asked.language].online(hostname),
      text: `${hostname} is online.`,
    });
}

/** There is no such page or file. */
export const nothingHere: MakePage = page({
  status: 404,
  page: "nothing-here",
  scene: "empty",
  text: "There is nothing here.",
});

/** A folder without its page. */
export const noIndex: MakePage = page({
  status: 404,
  page: "no-index",
  scene: "building",
  text: "This folder has no page: there is no index.html in it.",
});

/** The folder, or what is in it, cannot be read for now. */
export const filesAway: MakePage = page({
  status: 503,
  page: "files-away",
  scene: "away",
  text: "The page cannot be read at the moment.",
  retryAfterS: RETRY_S,
});

/** The app cannot be reached, or gave no answer that can be passed on. */
export const appDown: MakePage = page({
  status: 502,
  page: "app-down",
  scene: "away",
  text: "The page is not running at the moment.",
  retryAfterS: RETRY_S,
});

/** The app said nothing for too long. */
export const appSilent: MakePage = page({
  status: 504,
  page: "app-silent",
  scene: "silent",
  text: "The page did not answer in time.",
  retryAfterS: RETRY_S,
});

/** The visitor's network asks for more at once than its share. */
export const tooMuch: MakePage = page({
  status: 503,
  page: "too-much",
  scene: "silent",
  text: "Too much at once.",
  retryAfterS: RETRY_S,
});

/** A page whose notice depends on the language alone. */
function page(told: Omit<Told, "notice" | "page"> & { page: keyof Texts["notices"] }): MakePage {
  return (asked) => tellHere(asked, { ...told, notice: TEXTS[asked.language].notices[told.page] });
}

function tellHere(asked: AskedHere, told: Told): Answer {
  const { language, host } = asked;
  const relay = host.slice(host.indexOf(".") + 1);
  return tell(asked, told, <p>{TEXTS[language].footer(`https://${relay}/`)}</p>);
}
