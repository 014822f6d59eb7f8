import type { NormalizedEvent } from '../../../core/events/normalized-event.ts';
import { isJsonObject, type JsonValue } from '../../../core/json/values.ts';
import { truncate } from '../../words/text.ts';
import { pathTo } from '../payload-paths.ts';

/** A value of an event. */
export type EventNode = {
  name: string;
  /** How a mapping reads it; null when no path can. */
  path: string | null;
  /** The value of a leaf, long text cut. */
  value?: string | number | boolean | null;
  /** Of a map or a list. */
  nodes?: EventNode[];
  isList?: true;
  /** Values beyond those that are shown here. */
  more?: number;
};

const nodesMax = 2_000;
const depthMax = 24;
const textMax = 300;

/** What a mapping can read of an event, each value with its path; bounded for any event. */
export function eventTree(event: NormalizedEvent): EventNode[] {
  const { userId, data, preprocess, headers, body } = event;
  // The body is last and largest: it must not use up what the others need.
  const budget = { left: nodesMax };
  const node = (segments: readonly string[], value: JsonValue): EventNode => {
    budget.left--;
    const name = segments.at(-1) ?? '';
    const path = pathTo(event, segments, value) ?? null;
    if (typeof value !== 'object' || value === null)
      return { name, path, value: typeof value === 'string' ? truncate(value, textMax) : value };
    const members = Object.entries(value);
    const nodes: EventNode[] = [];
    for (const [member, inner] of members) {
      if (budget.left <= 0 || segments.length >= depthMax) break;
      nodes.push(node([...segments, member], inner as JsonValue));
    }
    return {
      name,
      path,
      nodes,
      ...(!isJsonObject(value) && { isList: true }),
      ...(members.length > nodes.length && { more: members.length - nodes.length }),
    };
  };
  return [
    ...(userId === undefined ? [] : [node(['user_id'], userId)]),
    ...Object.entries({ data, preprocess, headers, body }).map(([name, value]) => node([name], value)),
  ];
}
