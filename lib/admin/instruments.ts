import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  type OpenMetricsContentType,
  Registry,
} from "prom-client";

/** A metric with its values, as processes of one relay tell each other. */
export type MetricValues = MetricObjectWithValues<MetricValue<string>>;

/** Values by label, or one value without. */
type Values = number | Iterable<readonly [value: string, count: number]>;

/** A metric that is read when somebody asks. */
interface Instrument {
  name: string;
  help: string;
  /** Name of the label that the values of {@linkcode Instrument.read} go by. */
  label?: string;
  read: () => Values | Promise<Values>;
}

/** A registry of metrics, most of which are read only when they are asked for. */
export class Instruments {
  readonly #registry = new Registry<OpenMetricsContentType>();
  readonly #counters = new Set<string>();

  /** @param labels what all values have. @default none */
  constructor(labels: Record<string, string> = {}) {
    this.#registry.setDefaultLabels(labels);
    // Before any metric is made: the names of counters are chosen by it.
    this.#registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  }

  /** Adds a counter; its name ends in `_total`. */
  counter({ name, help, label, read }: Instrument): void {
    this.#counters.add(name.replace(/_total$/, ""));
    new Counter({
      ...this.#base(name, help, label),
      async collect() {
        const values = await read();
        this.reset();
        each(values, label, (labels, count) => this.inc(labels, count));
      },
    });
  }

  /** Adds a gauge. */
  gauge({ name, help, label, read }: Instrument): void {
    new Gauge({
      ...this.#base(name, help, label),
      async collect() {
        const values = await read();
        this.reset();
        each(values, label, (labels, count) => this.set(labels, count));
      },
    });
  }

  /** Adds a gauge that is 1 for good and tells by its labels. */
  info(name: string, help: string, labels: Record<string, string>): void {
    new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] })
      .set(labels, 1);
  }

  /** Adds a histogram with these upper bounds. */
  histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.#registry] });
  }

  /** Name of each, as whoever reads the values has it, and what it is. */
  texts(): [name: string, help: string][] {
    return this.#registry.getMetricsAsArray().map(({ name, help }) => [
      this.#counters.has(name) ? `${name}_total` : name,
      help,
    ]);
  }

  /** All with their values now. */
  values(): Promise<MetricValues[]> {
    return this.#registry.getMetricsAsJSON();
  }

  /**
   * Renders all as OpenMetrics, or in the older text format of Prometheus.
   *
   * @param others values of other processes, whose labels differ from the ones here.
   */
  async render(
    openMetrics: boolean,
    others: MetricValues[][] = [],
  ): Promise<{ type: string; body: string }> {
    const body = others.length === 0
      ? await this.#registry.metrics()
      : await together([await this.values(), ...others]).metrics();
    return openMetrics
      ? { type: this.#registry.contentType, body }
      : { type: "text/plain; version=0.0.4; charset=utf-8", body: this.#older(body) };
  }

  #base(name: string, help: string, label: string | undefined) {
    const labelNames = label === undefined ? [] : [label];
    return { name, help, labelNames, registers: [this.#registry] };
  }

  /** In the older format a counter has its suffix in the comments too, and nothing marks the end. */
  #older(body: string): string {
    return body.replace(/^# EOF\n?/m, "").replace(
      /^# (HELP|TYPE) (\S+) /gm,
      (line, kind, name) => this.#counters.has(name) ? `# ${kind} ${name}_total ` : line,
    );
  }
}

function together(all: MetricValues[][]): Registry<OpenMetricsContentType> {
  const registry: Registry<OpenMetricsContentType> = AggregatorRegistry.aggregate(all);
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

function each(
  values: Values,
  label: string | undefined,
  set: (labels: Record<string, string>, count: number) => void,
): void {
  if (typeof values === "number") return set({}, values);
  for (const [value, count] of values) set(label === undefined ? {} : { [label]: value }, count);
}
