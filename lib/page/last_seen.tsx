import type { JSX } from "hono/jsx/jsx-runtime";

/** Properties of {@linkcode LastSeen}; times are milliseconds since the epoch. */
export interface LastSeenProps {
  at: number;
  now: number;
  /** As `Intl` takes it. */
  locale: string;
  /** "a moment ago" in that language. */
  justNow: string;
  /** A date in a sentence. */
  on: (date: string) => string;
}

/** How long ago somebody was here, with the exact time for who wants it. */
export function LastSeen(props: LastSeenProps): JSX.Element {
  const time = new Date(props.at).toISOString();
  return (
    <time datetime={time} title={`${time.slice(0, 16).replace("T", " ")} UTC`}>
      {timeAgo(props)}
    </time>
  );
}

/** How long ago a time is, in words; a time to come is a moment ago, since clocks differ. */
export function timeAgo({ at, now, locale, justNow, on }: LastSeenProps): string {
  const minutes = Math.floor((now - at) / 60_000);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (minutes < 1) return justNow;
  if (minutes < 60) return relative.format(-minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return relative.format(-hours, "hour");
  const days = Math.floor(hours / 24);
  if (days < 14) return relative.format(-days, "day");
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
  return on(date.format(at));
}
