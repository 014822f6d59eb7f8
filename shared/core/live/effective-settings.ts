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
  /** Whether a batch is refused whose signature covers only its first event. */
  refusesPartial: boolean;
  /** Whether actions that delete run for events that failed their check, or that it did not cover. */
  deletesUnverified: boolean;
  idempotency: {
    enabled: boolean;
    /** Absent: the file's, else the kind's own. */
    path?: string;
    windowHours: number;
  };
};

/** @param kind undefined for one that this version does not know: then with the defaults that most kinds share */
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
  // Whoever writes down how requests are checked wants them checked.
  if (verification !== undefined) return verification.kind === 'none' ? 'off' : 'on';
  return kind?.settings.enforcement ?? 'off';
}

/** How requests of a source are checked: as its file declares, else as its kind does. */
export function verifierOf(kind: SourceKind | undefined, { verification }: SourceFile): Verifier {
  if (verification !== undefined) return declaredVerifier(verification);
  return kind?.verifier ?? unsigned('this version does not know the kind of the source');
}

/** Members of its events whose values are never stored. */
export function redactedMembers(kind: SourceKind | undefined, file: SourceFile): string[] {
  // Snapshots from before there was the field have none.
  return [...(kind?.redact ?? []), ...(file.redact ?? [])];
}
