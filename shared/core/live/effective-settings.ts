import type { SourceFile, SourceSettings } from '../configuration/schema.ts';
import { declaredVerifier } from '../signatures/declared.ts';
import { unsigned } from '../signatures/unsigned.ts';
import type { Verifier } from '../signatures/verifier.ts';
import type { SettingsDefaults, SourceKind } from '../sources/source.ts';

/** A source's settings in one environment with every default filled in. */
export type EffectiveSettings = {
  enabled: boolean;
  identify: boolean;
  enforcement: SettingsDefaults['enforcement'];
  /** Whether to refuse a batch whose signature covers only its first event. */
  refusesPartial: boolean;
  /** Whether actions that delete run for events whose check failed, or did not cover them. */
  deletesUnverified: boolean;
  idempotency: {
    enabled: boolean;
    /** Absent: the path in the file, else the kind's own. */
    path?: string;
    windowHours: number;
  };
};

/**
 * @param kind undefined for a kind that this version does not know: then the defaults of most kinds
 * apply
 */
export function effectiveSettings(
  kind: SourceKind | undefined,
  file: SourceFile,
  { enabled, identify, verification, idempotency }: SourceSettings,
): EffectiveSettings {
  return {
    enabled,
    identify: identify ?? kind?.settings.identify ?? true,
    enforcement: enforcementOf(verification.enforced) ?? defaultEnforcement(kind, file),
    refusesPartial: verification.partial === 'refuse',
    deletesUnverified: verification.destructive === 'any',
    idempotency: {
      enabled: idempotency.enabled ?? kind?.settings.idempotency ?? true,
      ...(idempotency.path !== undefined && { path: idempotency.path }),
      windowHours: idempotency.window_hours ?? kind?.settings.windowHours ?? 24,
    },
  };
}

function enforcementOf(set: SourceSettings['verification']['enforced']): EffectiveSettings['enforcement'] | undefined {
  if (set === undefined || set === 'once_set') return set;
  return set ? 'on' : 'off';
}

function defaultEnforcement(
  kind: SourceKind | undefined,
  { verification }: SourceFile,
): EffectiveSettings['enforcement'] {
  // A file that declares a check wants it enforced.
  if (verification !== undefined) return verification.kind === 'none' ? 'off' : 'on';
  return kind?.settings.enforcement ?? 'off';
}

/** How requests of a source are checked: as its file declares, else as its kind. */
export function verifierOf(kind: SourceKind | undefined, { verification }: SourceFile): Verifier {
  if (verification !== undefined) return declaredVerifier(verification);
  return kind?.verifier ?? unsigned('this version does not know the kind of the source');
}

/** Members of its events whose values are never stored. */
export function redactedMembers(kind: SourceKind | undefined, file: SourceFile): string[] {
  // Older snapshots do not have the field.
  return [...(kind?.redact ?? []), ...(file.redact ?? [])];
}
