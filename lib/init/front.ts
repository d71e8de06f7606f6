import type { Answers } from "./interview.ts";

/** Who has ports 80 and 443, and whether Apache has sites behind it. */
export type Front = Pick<Answers, "front" | "apache">;

/** Where Apache's own sites are, beside HAProxy or behind glossond. */
export const APACHE_TLS = "127.0.0.1:8443";
export const APACHE_HTTP = "127.0.0.1:8080";

/** Names of the settings that follow from the front. */
export const FRONT_NAMES: readonly string[] = [
  ...["PROXY_PROTOCOL_FROM", "FALLBACK_BACKEND", "HTTP_FALLBACK_BACKEND"],
  ...["HUB_HOST", "HUB_PORT", "HTTP_HOST", "HTTP_PORT"],
];

/** The settings that a front needs, by names without prefix. */
function frontSettings({ front, apache }: Front): Record<string, string> {
  const others: Record<string, string> = apache
    ? { FALLBACK_BACKEND: `${APACHE_TLS}?proxy=v2` }
    : {};
  if (front === "haproxy") {
    return {
      PROXY_PROTOCOL_FROM: "127.0.0.1",
      ...others,
      // Without Apache it is glossond who leads from http to https.
      ...(!apache && { HTTP_HOST: "127.0.0.1", HTTP_PORT: "8080" }),
    };
  }
  return {
    ...{ HUB_HOST: "::", HUB_PORT: "443", HTTP_PORT: "80" },
    ...others,
    ...(apache && { HTTP_FALLBACK_BACKEND: APACHE_HTTP }),
  };
}

/** The front that settings were written for; undefined where they tell nothing of one. */
export function frontOf(settings: Record<string, string>): Front | undefined {
  if (!FRONT_NAMES.some((name) => name in settings)) return undefined;
  return {
    front: settings.PROXY_PROTOCOL_FROM ? "haproxy" : "alone",
    apache: Boolean(settings.FALLBACK_BACKEND),
  };
}

/** What held before, with what another front needs in place of what the one before did. */
export function fitted(before: Record<string, string>, to: Front): Record<string, string> {
  const held = frontOf(before);
  if (held?.front === to.front && held.apache === to.apache) return before;
  const others = Object.entries(before).filter(([name]) => !FRONT_NAMES.includes(name));
  return { ...Object.fromEntries(others), ...frontSettings(to) };
}
