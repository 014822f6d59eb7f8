import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { Flow } from '../../../../shared/operations/metrics/flow.ts';
import { useGo } from '../shell/go.tsx';
import { stampOf, useZone } from './time.tsx';
import { count } from './words.ts';

const series = [
  { name: 'accepted', colour: '--accent' },
  { name: 'processed', colour: '--good' },
  { name: 'failed', colour: '--bad' },
] as const;

const height = 190;

/** Numbers over time. Dragging over a part of it leads to the events of that time. */
export function FlowChart({ flow }: { flow: Flow }) {
  const place = useRef<HTMLDivElement>(null);
  const go = useGo();
  const { zone } = useZone();
  const scheme = useScheme();
  const [at, setAt] = useState<number>();
  const plot = useRef<uPlot>(undefined);
  const data = [flow.times.map((time) => Date.parse(time) / 1000), flow.accepted, flow.processed, flow.failed];
  const latest = useRef({ data, go });
  latest.current = { data, go };
  const step = flow.step_seconds;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew for each scheme
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui',
    };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
        tzDate: (seconds) =>
          zone === 'UTC' ? uPlot.tzDate(new Date(seconds * 1000), 'UTC') : new Date(seconds * 1000),
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.1)] } },
        axes: [
          { ...axis, size: 24, values: (_plot, splits) => splits.map((seconds) => tickOf(seconds, step, zone)) },
          {
            ...axis,
            size: 48,
            values: (_plot, splits) => splits.map((value) => (Number.isInteger(value) ? count(value) : '')),
          },
        ],
        series: [
          {},
          ...series.map(({ name, colour: variable }) => ({
            label: name,
            stroke: colour(variable),
            width: 1.5,
            points: { show: false },
            ...(name === 'accepted' && { fill: `${colour(variable)}14` }),
          })),
        ],
        hooks: {
          setCursor: [({ cursor }) => setAt(cursor.idx ?? undefined)],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width < 4) return;
              const time = (position: number) =>
                new Date(Math.round(self.posToVal(position, 'x')) * 1000).toISOString();
              latest.current.go({ to: ['events'], search: { since: time(left), until: time(left + width) } });
            },
          ],
        },
      },
      latest.current.data as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [zone, scheme, step]);

  useEffect(() => {
    plot.current?.setData(latest.current.data as uPlot.AlignedData);
  });

  const totals = [flow.accepted, flow.processed, flow.failed].map((values) =>
    values.reduce((sum, value) => sum + value, 0),
  );
  const time = at === undefined ? undefined : flow.times[at];
  return (
    <figure className="chart">
      <figcaption>
        {series.map(({ name, colour }, i) => (
          <span key={name} className="key">
            <span className="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" />
            {name} <strong>{count((time === undefined ? totals[i] : flow[name][at ?? 0]) ?? 0)}</strong>
          </span>
        ))}
        <span className="quiet">
          {time === undefined
            ? 'in all'
            : `${stampOf(Date.parse(time), zone).day.slice(5)} ${stampOf(Date.parse(time), zone).time.slice(0, 5)}`}
        </span>
        <span className="quiet wide-only hint">drag over a time to see its events</span>
      </figcaption>
      <div ref={place} className="plot" />
    </figure>
  );
}

function tickOf(seconds: number, step: number, zone: 'local' | 'UTC'): string {
  const { day, time } = stampOf(seconds * 1000, zone);
  return step >= 3_600 && time === '00:00:00' ? day.slice(5) : time.slice(0, 5);
}

function useScheme(): 'dark' | 'light' {
  const [isDark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return isDark ? 'dark' : 'light';
}
