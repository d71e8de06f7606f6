/** The languages that pages are written in; the first is for everybody else. */
export const LANGUAGES = ["en", "de"] as const;

/** A language that pages are written in, as `lang` and `Content-Language` name it (RFC 5646). */
export type Language = typeof LANGUAGES[number];

/** As much of `Accept-Language` as is looked at: browsers send a tenth of it, and anybody can send 60 KB. */
const MAX_CHARACTERS = 1_000;

/**
 * The language that suits a visitor best, by `Accept-Language` (RFC 9110 section 12.5.4).
 *
 * @param accepted the header's value, null where there is none.
 */
export function languageOf(accepted: string | null): Language {
  let best: { language: Language; weight: number } = { language: LANGUAGES[0], weight: 0 };
  for (const member of accepted?.slice(0, MAX_CHARACTERS).split(",") ?? []) {
    const [range = "", ...parameters] = member.split(";").map((part) => part.trim());
    const language = LANGUAGES.find((known) => range.toLowerCase().split("-")[0] === known);
    const weight = Number(parameters.find((p) => /^q=/i.test(p))?.slice(2) ?? 1);
    if (language !== undefined && weight > best.weight) best = { language, weight };
  }
  return best.language;
}
