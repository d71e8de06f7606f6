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
  /** Whether it grows: all of the interval is above zero, and not by a step that is allowed. */
  leaks: boolean;
}

/**
 * Points that the samples are made to, their medians: samples that follow each other closely are alike,
 * and would pass for more certainty than there is.
 */
const POINTS = 24;

/** Quantile of the normal distribution for the two-sided confidence of 99.9 %. */
const Z = 3.291;

/** Options for {@linkcode trendOf}. */
export interface TrendOptions {
  /** By how much it may rise at once, and stay there, without being taken to grow. @default 0 */
  allowedStep?: number;
}

/**
 * The slope that the samples of all eras have in common, by least squares.
 *
 * @param samples in the order of time, without those of a warm-up.
 * @throws {RangeError} where there are too few to tell.
 */
export function trendOf(
  samples: readonly Sample[],
  { allowedStep = 0 }: TrendOptions = {},
): Trend {
  const eras = [...Map.groupBy(condense(samples), ({ era }) => era).values()];
  const line = lineOf(eras);
  const { slope, freedom, sxx } = line;
  if (freedom < 3 || sxx === 0) {
    throw new RangeError(`Cannot tell a slope: there are ${samples.length} samples`);
  }
  const plusMinus = plusMinusOf(line);
  return {
    perMinute: slope * 60,
    plusMinus: plusMinus * 60,
    last: samples.at(-1)!.value,
    leaks: slope > plusMinus && !(allowedStep > 0 && isStep(eras, allowedStep)),
  };
}

/** A line of least squares, and what it leaves. */
interface Line {
  slope: number;
  freedom: number;
  sxx: number;
  /** Sum of the squares about the levels alone, and about the line. */
  syy: number;
  rest: number;
}

/** The line of least squares through the points of eras that each begin at a level of their own. */
function lineOf(eras: readonly (readonly Sample[])[]): Line {
  let [points, sxx, sxy, syy] = [0, 0, 0, 0];
  for (const own of eras) {
    points += own.length;
    const [middleX, middleY] = middleOf(own);
    for (const { atS, value } of own) {
      sxx += (atS - middleX) ** 2;
      sxy += (atS - middleX) * (value - middleY);
      syy += (value - middleY) ** 2;
    }
  }
  const slope = sxy / sxx;
  // Rounding can take it below zero where nothing ever changes.
  return {
    slope,
    freedom: points - eras.length - 1,
    sxx,
    syy,
    rest: Math.max(0, syy - slope * sxy),
  };
}

/** Half of the interval that holds the slope. */
function plusMinusOf({ freedom, sxx, rest }: Line): number {
  return studentQuantile(freedom) * Math.sqrt(rest / freedom / sxx);
}

/**
 * Whether what grows is one step in one of the eras: levels before and after it describe all better than
 * growth does that began at any moment and goes on, and no slope is left beside it.
 */
function isStep(eras: readonly (readonly Sample[])[], allowedStep: number): boolean {
  const steps = eras.flatMap((own, n) =>
    own.slice(1).map((_, i) => {
      const parts = [own.slice(0, i + 1), own.slice(i + 1)] as const;
      return { parts, line: lineOf(eras.toSpliced(n, 1, ...parts)) };
    })
  );
  const { parts, line } = steps.reduce((best, one) => one.line.syy < best.line.syy ? one : best);
  const [[, before], [, after]] = [middleOf(parts[0]), middleOf(parts[1])];
  return after - before <= allowedStep && line.syy < restOfGrowth(eras) &&
    line.slope <= plusMinusOf(line);
}

/** What growth leaves that began at the moment that suits it best. */
function restOfGrowth(eras: readonly (readonly Sample[])[]): number {
  // From the last moment of an era on it has none.
  const moments = eras.flatMap((own) => own.slice(0, -1));
  return Math.min(...moments.map(({ atS: fromS }) =>
    lineOf(
      eras.map((own) => own.map((point) => ({ ...point, atS: Math.max(fromS, point.atS) }))),
    ).rest
  ));
}

/** The mean moment and value. */
function middleOf(samples: readonly Sample[]): [atS: number, value: number] {
  return [mean(samples.map(({ atS }) => atS)), mean(samples.map(({ value }) => value))];
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
