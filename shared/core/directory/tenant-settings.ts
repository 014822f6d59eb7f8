import { isJsonObject, type JsonObject } from '../json/values.ts';
import type { ActionWarning } from '../logs/action-log-entry.ts';

const strategyKey = '__persistence_strategy__';
const colors = [
  'primary_color',
  'primary_color_contrast',
  'dark_primary_color',
  'dark_primary_color_contrast',
] as const;
const hexColor = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i;

/**
 * A tenant's settings in their stored form. `__persistence_strategy__` in `preference_set` says
 * whether the set replaces the stored one or is merged into it, which is the default. It is not
 * stored itself. https://docs.knock.app/api-reference/tenants/set
 */
export function readTenantSettings(settings: JsonObject): {
  settings: JsonObject;
  replaces?: [string, string][];
  warnings: ActionWarning[];
} {
  const warnings = colorWarnings(settings.branding);
  const { preference_set: given } = settings;
  if (!isJsonObject(given) || !Object.hasOwn(given, strategyKey)) return { settings, warnings };
  const { [strategyKey]: strategy, ...preferenceSet } = given;
  if (strategy !== 'merge' && strategy !== 'replace') {
    const message = `settings.preference_set.${strategyKey} is neither "merge" nor "replace"; the set was merged`;
    warnings.push({ code: 'persistence_strategy_unknown', message });
  }
  return {
    settings: { ...settings, preference_set: preferenceSet },
    ...(strategy === 'replace' && { replaces: [['settings', 'preference_set']] }),
    warnings,
  };
}

function colorWarnings(branding: unknown): ActionWarning[] {
  if (!isJsonObject(branding)) return [];
  return colors
    .filter((name) => {
      const color = branding[name] ?? null;
      return color !== null && !(typeof color === 'string' && hexColor.test(color));
    })
    .map((name) => ({
      code: 'color_malformed',
      message: `settings.branding.${name} is not a hex color such as #1a2b3c; it was stored as given`,
    }));
}
