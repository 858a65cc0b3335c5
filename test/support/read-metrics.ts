/** A metric in Prometheus' text format. */
export interface MetricFamily {
  readonly type: string;
  readonly help: string;
  /** Values by name and labels, as they are written. */
  readonly samples: Map<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const SAMPLE = new RegExp(`^((${NAME})(?:\\{(?:${LABEL}(?:,${LABEL})*)?\\})?) ([-+.eE0-9]+|[-+]Inf|NaN)$`);

/** Reads the text format 0.0.4 strictly: each metric with HELP and TYPE, no series twice, nothing else. */
export function readMetrics(text: string): Map<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, MetricFamily>();
  let help: RegExpExecArray | null = null;
  let current: (MetricFamily & { readonly name: string }) | undefined;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line);
    if (line.startsWith('# HELP ')) {
      help = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line);
    } else if (type !== null) {
      const [, name = '', kind = ''] = type;
      if (help?.[1] !== name || families.has(name)) throw new Error(`not expected here: ${line}`);
      current = { name, type: kind, help: help[2] ?? '', samples: new Map() };
      families.set(name, current);
    } else {
      const [, series = '', name = '', value = ''] = SAMPLE.exec(line) ?? [];
      const base = current?.type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name;
      if (current === undefined || base !== current.name || current.samples.has(series)) {
        throw new Error(`not expected here: ${line}`);
      }
      current.samples.set(series, Number(value.replace('Inf', 'Infinity')));
    }
  }
  return families;
}
