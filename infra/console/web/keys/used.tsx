import { Ago } from '../parts/time.tsx';

/** Use is noted by the hour, so that of the present hour is not told as older than it may be. */
export function UsedInHour({ iso }: { iso: string }) {
  return Date.now() - Date.parse(iso) < 3_600_000 ? 'in this hour' : <Ago iso={iso} />;
}
