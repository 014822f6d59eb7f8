import type { Entity } from '../../core/directory/entity.ts';
import { iso } from '../words/iso.ts';

/**
 * When each top-level value was last written, by the clock of its source: a later event of an earlier
 * time does not replace it. Without tokens and addresses of devices, which no row shows.
 */
export function sourceTimesOf({
  attributes,
  sourceTimeMs,
  propertyTimesMs,
}: Pick<Entity, 'attributes' | 'sourceTimeMs' | 'propertyTimesMs'>): Record<string, string> {
  const names = Object.keys(attributes).filter((name) => name !== 'channel_data');
  return Object.fromEntries(names.map((name) => [name, iso(propertyTimesMs[name] ?? sourceTimeMs)]));
}
