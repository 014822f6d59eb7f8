import {
  type AlarmKind,
  alarmKinds,
  functionAlarmKinds,
  silenceAlarmKind,
  volumeAlarmKind,
} from '../../shared/operations/alarms/alarm-kinds.ts';

/** Every kind of alarm, in the order of the page: those of functions share one each. */
export const listedKinds: AlarmKind[] = [
  ...Object.values(alarmKinds),
  functionAlarmKinds.errors('a function'),
  functionAlarmKinds.throttles('a function'),
  silenceAlarmKind('a source'),
  volumeAlarmKind('a source'),
];

const start = '<!-- alarms -->\n';
const end = '<!-- end of alarms -->\n';

/** The page with its table of alarms made anew. */
export function withAlarmTable(page: string): string {
  const [before = '', rest = ''] = page.split(start);
  const [, after] = rest.split(end);
  if (after === undefined) throw new Error('docs/alarms.md has no place for its table');
  const rows = listedKinds.map(
    ({ page: name, raisedWithinMinutes, short, untilYouAct }) =>
      `| [${name}](runbooks/${name}.md) | ${raisedWithinMinutes} min | ${short} | ${untilYouAct} |\n`,
  );
  const table = ['| Alarm | Raised within | In short | Until you act |\n', '|---|---|---|---|\n', ...rows].join('');
  return `${before}${start}${table}${end}${after}`;
}
