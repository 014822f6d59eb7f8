/** One measured number. */
export type Figure = {
  name: string;
  measured: number;
  unit: string;
  /** What the project holds itself to; absent for numbers that explain another one. */
  bound?: { atMost: number } | { atLeast: number };
  /** The same work done plainly, measured in the same run. */
  baseline?: { what: string; measured: number };
  /** What a reader would otherwise ask about this number. */
  note?: string;
};

/** What a run was asked for. */
export type Settings = {
  /** In the tables of sections that read many. */
  events: number;
  /** A folder that keeps these tables for the next run. Absent: they are filled anew, and removed. */
  tables?: string;
};

/** A group of figures that are measured together. `say` tells whoever waits what is going on. */
export type Section = {
  name: string;
  about: string;
  measure(say: (line: string) => void, settings: Settings): Promise<Figure[]>;
};

export type Verdict = 'ok' | 'MISSED' | '';

export function verdictOf({ measured, bound }: Figure): Verdict {
  if (bound === undefined) return '';
  return ('atMost' in bound ? measured <= bound.atMost : measured >= bound.atLeast) ? 'ok' : 'MISSED';
}

/** A figure as `--json` prints it. */
export function rowOf(section: string, figure: Figure) {
  const { name, measured, unit, bound, baseline, note } = figure;
  return {
    section,
    figure: name,
    measured,
    unit,
    target: bound ?? null,
    verdict: verdictOf(figure).toLowerCase() || null,
    baseline: baseline ? { ...baseline, ratio: measured / baseline.measured } : null,
    note: note ?? null,
  };
}

/** The figures of one section as a table, notes below it. */
export function tableOf({ name, about }: Pick<Section, 'name' | 'about'>, figures: Figure[]): string {
  const notes = [...new Set(figures.flatMap(({ note }) => note ?? []))];
  const cells = figures.map((figure) => [
    figure.name,
    `${formatted(figure.measured)} ${figure.unit}`,
    target(figure),
    verdictOf(figure),
    baselineText(figure),
    figure.note === undefined ? '' : `(${notes.indexOf(figure.note) + 1})`,
  ]);
  const rows = [['figure', 'measured', 'target', '', 'baseline', ''], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
  return [`${name}: ${about}`, ...lines, ...notes.map((note, i) => `  (${i + 1}) ${note}`)].join('\n');
}

export function formatted(value: number): string {
  const digits = Math.abs(value) >= 100 ? 4 : 3;
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : String(Number(value.toPrecision(digits)));
}

export function target({ bound, unit }: Figure): string {
  if (bound === undefined) return '';
  return 'atMost' in bound ? `≤ ${formatted(bound.atMost)} ${unit}` : `≥ ${formatted(bound.atLeast)} ${unit}`;
}

function baselineText({ measured, unit, baseline }: Figure): string {
  if (baseline === undefined) return '';
  return `${formatted(baseline.measured)} ${unit} for ${baseline.what}: ${formatted(measured / baseline.measured)} ×`;
}
