import type * as z from 'zod';
import { describeType, type JsonObject, type JsonValue } from '../../json/values.ts';
import { Flag, isNothing, JsonMap, noteLeftOut } from './params.ts';

const names = ['sandbox_mode', 'skip_delay'] as const;

/**
 * A trigger's settings for its runs. An unreadable setting is left out alone, and a warning names
 * it.
 */
export type TriggerSettings = { [Name in (typeof names)[number]]?: boolean };

export const TriggerSettings: z.ZodType<TriggerSettings> = JsonMap.transform((given: JsonObject): TriggerSettings => {
  const read = Object.entries(given).flatMap(([name, value]): [string, boolean][] => {
    if (isNothing(value)) return [];
    const setting = isSetting(name) ? Flag.safeParse(value) : undefined;
    if (setting?.success) return [[name, setting.data]];
    noteLeftOut(`settings.${name}`, problemOf(name, value));
    return [];
  });
  return Object.fromEntries(read);
});

const isSetting = (name: string) => (names as readonly string[]).includes(name);

function problemOf(name: string, value: JsonValue): string {
  return isSetting(name)
    ? `must be true or false, not ${describeType(value)}`
    : `is not a setting; there are ${names.join(' and ')}`;
}
