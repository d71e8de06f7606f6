import { median } from "../bench/numbers.ts";

/** A figure at a time. */
export interface Sample {
  atS: number;
  value: number;
  /** Which process it is of, where it is one process's: each begins at a level of its own. */
  era: number;
}

/** How a figure changes, and how sure that is. */
export interface Trend {
  perMinute: number;
  /** Half of the interval that holds the real slope with a confidence of 99.9 %. */
  plusMinus: number;
  /** What it was at last. */
  last: number;
  /** Whether it grows: all of the interval is above zero, and it did in either half of the time. */
  leaks: boolean;
}

/**
 * Points that the samples are made to, their medians: samples that follow each other closely are alike,
 * and would pass for more certainty than there is.
 */
const POINTS = 24;

/**
 * What grows in either half of the time by this share of the whole slope at least goes on; a step does not. Memory
 * has such steps: the allocator keeps what the buffers once took, 28 MiB at most (`lib/net/flow_buffers.ts`).
 */
const STEADY_SHARE = 0.25;

/** Quantile of the normal distribution for the two-sided confidence of 99.9 %. */
const Z = 3.291;

/**
 * The slope that the samples of all eras have in common, by least squares.
 *
 * @param samples in the order of time, without those of a warm-up.
 * @throws {RangeError} where there are too few to tell.
 */
export function trendOf(samples: readonly Sample[]): Trend {
  const eras = [...Map.groupBy(condense(samples), ({ era }) => era).values()];
  const { slope, freedom, sxx, rest } = lineOf(eras);
  if (freedom < 3 || sxx === 0) {
    throw new RangeError(`Cannot tell a slope: there are ${samples.length} samples`);
  }
  const plusMinus = studentQuantile(freedom) * Math.sqrt(rest / freedom / sxx);
  const halves = [eras.map(firstHalf), eras.map(secondHalf)];
  // A half that is too short to tell does not acquit.
  const isStep = halves.some((half) => lineOf(half).slope < STEADY_SHARE * slope);
  return {
    perMinute: slope * 60,
    plusMinus: plusMinus * 60,
    last: samples.at(-1)!.value,
    leaks: slope > plusMinus && !isStep,
  };
}

/** The line of least squares through the points of eras that each begin at a level of their own. */
function lineOf(eras: readonly (readonly Sample[])[]) {
  let [points, sxx, sxy, syy] = [0, 0, 0, 0];
  for (const own of eras) {
    points += own.length;
    const [middleX, middleY] = [mean(own.map(({ atS }) => atS)), mean(own.map((p) => p.value))];
    for (const { atS, value } of own) {
      sxx += (atS - middleX) ** 2;
      sxy += (atS - middleX) * (value - middleY);
      syy += (value - middleY) ** 2;
    }
  }
  const slope = sxy / sxx;
  // Rounding can take it below zero where nothing ever changes.
  return { slope, freedom: points - eras.length - 1, sxx, rest: Math.max(0, syy - slope * sxy) };
}

function firstHalf<T>(all: readonly T[]): T[] {
  return all.slice(0, Math.ceil(all.length / 2));
}

function secondHalf<T>(all: readonly T[]): T[] {
  return all.slice(Math.floor(all.length / 2));
}

/** Medians of the samples of each era, some {@linkcode POINTS} in all. */
function condense(samples: readonly Sample[]): Sample[] {
  const each = Math.max(1, Math.floor(samples.length / POINTS));
  return [...Map.groupBy(samples, ({ era }) => era)].flatMap(([era, own]) =>
    Array.from({ length: Math.floor(own.length / each) }, (_, i) => {
      const part = own.slice(i * each, (i + 1) * each);
      return {
        era,
        atS: mean(part.map(({ atS }) => atS)),
        value: median(part.map((s) => s.value)),
      };
    })
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Student's t for {@linkcode Z}, by its expansion (Abramowitz and Stegun, 26.7.5). */
function studentQuantile(freedom: number): number {
  return Z + (Z ** 3 + Z) / (4 * freedom) +
    (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2) +
    (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / (384 * freedom ** 3);
}
