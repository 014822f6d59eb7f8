import type { Directory } from '../../../ports/directory.ts';
import type { Entity } from '../../directory/entity.ts';
import { prepareWrite } from '../../directory/entity-write.ts';
import type { EntityWrite } from '../../directory/merge-entity.ts';
import { upsertEntities } from '../../directory/upsert-entities.ts';
import type { FieldError } from '../../errors.ts';
import { type EntityRef, recipientKey } from '../../ids/entity-ref.ts';
import type { ActionWarning } from '../../logs/action-log-entry.ts';
import type { Recipient } from './recipient.ts';

/** A recipient and its parameter, for errors. */
export type Named = { field: string; recipient: Recipient };

export type Identified =
  /** By recipient key, without unknown references and recipients that a later event deleted. */
  { kind: 'ok'; entities: Map<string, Entity>; warnings: ActionWarning[] } | { kind: 'invalid'; errors: FieldError[] };

/**
 * Looks up all recipients that an action names, after writing those described inline. All look-ups
 * are joined.
 * @throws RetryableError when the table is throttled or unavailable
 */
export async function identifyInline(
  named: Named[],
  directory: Directory,
  sourceTimeMs: number,
  nowMs: number,
): Promise<Identified> {
  const errors: FieldError[] = [];
  const warnings: ActionWarning[] = [];
  const writes: { field: string; write: EntityWrite }[] = [];
  for (const { field, recipient } of named) {
    if (recipient.form !== 'inline') continue;
    const prepared = prepareWrite(recipient.ref, recipient.given, {}, sourceTimeMs);
    writes.push({ field, write: prepared.write });
    warnings.push(...prepared.warnings);
  }

  const inlineKeys = new Set(writes.map(({ write }) => recipientKey(write.ref)));
  const references = uniqueRefs(named).filter((ref) => !inlineKeys.has(recipientKey(ref)));
  const [upserted, found] = await Promise.all([
    upsertEntities(
      writes.map(({ write }) => write),
      directory,
      nowMs,
    ),
    references.length > 0 ? directory.readEach(references) : [],
  ]);

  const entities = new Map<string, Entity>();
  for (const [i, entity] of found.entries()) {
    if (entity) entities.set(recipientKey(references[i] as EntityRef), entity);
  }
  for (const [i, answer] of upserted.entries()) {
    const { field, write } = writes[i] as (typeof writes)[number];
    if (answer.kind === 'refused') errors.push({ field, message: answer.message });
    else if (answer.kind === 'deleted') warnings.push(...deletedWarning(write.ref));
    else if (answer.kind === 'upserted') {
      entities.set(recipientKey(write.ref), answer.entity);
      warnings.push(...lateWarning(write.ref, answer.kept));
    }
  }
  return errors.length > 0 ? { kind: 'invalid', errors } : { kind: 'ok', entities, warnings };
}

function uniqueRefs(named: Named[]): EntityRef[] {
  return [...new Map(named.map(({ recipient }) => [recipientKey(recipient.ref), recipient.ref])).values()];
}

/**
 * The warning for a write that arrived after a newer one, with the fields that it did not change.
 */
export function lateWarning(ref: EntityRef, kept: string[]): ActionWarning[] {
  if (kept.length === 0) return [];
  const message = `${recipientKey(ref)}: ${kept.join(', ')} kept as written by an event that happened later`;
  return [{ code: 'older_than_stored', message }];
}

/** The warning for a write about an entity that a later event deleted. */
export function deletedWarning(ref: EntityRef): ActionWarning[] {
  return [{ code: 'deleted_later', message: `${recipientKey(ref)} was deleted by an event that happened later` }];
}
