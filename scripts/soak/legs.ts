import { MOST_LENT } from "../../lib/net/flow_buffers.ts";
import { type Figure, PROCESS_FIGURES, STATE_FIGURES } from "./gauge.ts";
import { type Sample, type Trend, trendOf } from "./trend.ts";

/** What was seen of relays that follow each other on a folder. */
export interface Watched {
  /** When each process was the newest. */
  eras: { startS: number; endS: number }[];
  samples: Record<Figure, Sample[]>;
}

/** A soak, or a part of one that was interrupted. */
export interface Leg {
  seconds: number;
  seed: number;
  visits: number;
  /** The slowest of the p99 of each two seconds of visits. */
  slowestMs: number;
  /** What was done, and how often. */
  acts: Record<string, number>;
  /** What went wrong, and how often. */
  failures: Record<string, number>;
  watched: Watched;
}

/** What came of a soak. */
export interface SoakResult extends Omit<Leg, "seed" | "watched"> {
  /** One for each leg. */
  seeds: number[];
  trends: Record<Figure, Trend>;
}

/** By how much a figure may rise at once and stay: the allocator keeps what the buffers once took. */
const ALLOWED_STEP: Partial<Record<Figure, number>> = { rssMb: MOST_LENT / 1e6 };

/**
 * How long a process may take to reach its level, as a share of the longest's time and at most, seconds:
 * JavaScript's memory grows for an hour, by what is compiled and what is kept ready: 0.06 MB from minute 5 on, and
 * nothing after it.
 */
const WARM_UP = { share: 0.5, mostS: 3_600 } as const;

/**
 * What came of all legs together.
 *
 * @throws {RangeError} where the time was too short to tell how the figures change.
 */
export function resultOf(legs: readonly Leg[]): SoakResult {
  return {
    seconds: sum(legs.map(({ seconds }) => seconds)),
    seeds: legs.map(({ seed }) => seed),
    visits: sum(legs.map(({ visits }) => visits)),
    slowestMs: Math.max(...legs.map(({ slowestMs }) => slowestMs)),
    acts: added(legs.map(({ acts }) => acts)),
    failures: added(legs.map(({ failures }) => failures)),
    trends: trendsOf(legs.map(({ watched }) => watched)),
  };
}

/** How each figure changes in processes that are warm; shorter lives tell nothing. */
function trendsOf(legs: readonly Watched[]): Record<Figure, Trend> {
  const longestS = Math.max(
    ...legs.flatMap(({ eras }) => eras.map(({ startS, endS }) => endS - startS)),
  );
  const warmUpS = Math.min(WARM_UP.mostS, longestS * WARM_UP.share);

  /** A leg's folder is one, whatever processes used it; no era of a leg is one of another leg's. */
  const warm = (name: Figure, ofState: boolean): Sample[] =>
    legs.flatMap(({ eras, samples }, leg) =>
      samples[name]
        .map((sample) => ofState ? { ...sample, era: 0 } : sample)
        .filter(({ atS, era }) => atS >= eras[era]!.startS + warmUpS)
        .map((sample) => ({ ...sample, era: sample.era * legs.length + leg }))
    );
  const trend = (name: Figure, ofState: boolean): [Figure, Trend] => [
    name,
    trendOf(warm(name, ofState), { allowedStep: ALLOWED_STEP[name] }),
  ];
  return Object.fromEntries([
    ...PROCESS_FIGURES.map((name) => trend(name, false)),
    ...STATE_FIGURES.map((name) => trend(name, true)),
  ]) as Record<Figure, Trend>;
}

/** Adds up counts by their names. */
function added(all: readonly Record<string, number>[]): Record<string, number> {
  const names = new Set(all.flatMap((counts) => Object.keys(counts)));
  return Object.fromEntries(
    [...names].map((name) => [name, sum(all.map((counts) => counts[name] ?? 0))]),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
