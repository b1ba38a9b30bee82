/** What `GET /metrics` says, in the text format of Prometheus (0.0.4). */

/** One line of it. */
export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const NUMBERS: Readonly<Record<string, number>> = { "+Inf": Infinity, "-Inf": -Infinity };
const ESCAPED: Readonly<Record<string, string>> = { n: "\n" };

/** Every sample, in order. What is no sample is left out: comments, and lines of a form that this does not know. */
export function readMetrics(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", number = ""] = LINE.exec(line) ?? [];
    const value = NUMBERS[number] ?? Number(number);
    if (name === undefined || Number.isNaN(value)) return [];
    const found = [...labels.matchAll(LABEL)].map(([, key = "", value = ""]): [string, string] => [
      key,
      value.replace(/\\(.)/g, (_, letter: string) => ESCAPED[letter] ?? letter),
    ]);
    return [{ name, labels: Object.fromEntries(found), value }];
  });
}

/** The samples of a name whose labels are these, among others. */
export const withLabels = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Sample[] =>
  samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );

/** The one value of a name, or null. */
export const valueOf = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null => withLabels(samples, name, labels)[0]?.value ?? null;

/** A histogram: shares between one bound and the next, from what is counted up to each. */
export function sharesOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): { upTo: number; share: number }[] {
  const steps = withLabels(samples, `${name}_bucket`, labels)
    .map(({ labels: { le = "" }, value }) => ({ upTo: NUMBERS[le] ?? Number(le), count: value }))
    .toSorted((one, other) => one.upTo - other.upTo);
  const all = steps.at(-1)?.count ?? 0;
  if (all === 0) return [];
  return steps.map(({ upTo, count }, at) => ({ upTo, share: (count - (steps[at - 1]?.count ?? 0)) / all }));
}
