import type { ParameterValue } from '../../mappings/schema.ts';

/**
 * Questions that a suggestion may ask about one real event. Guesses that the event does not support
 * become notes for people.
 */
export type SampledEvent = {
  eventType: string;
  /** The path of the first of these fields that the event has, in any case. */
  find(...names: string[]): string | undefined;
  /** The path of an id: the first of these fields, else `id`. */
  id(...names: string[]): string;
  /** The user that the event is about. */
  person(): ParameterValue;
  /** That person's name, joined from its parts if the event has only those. */
  fullName(): ParameterValue | undefined;
  /** All known data of that person. */
  traits(): ParameterValue;
  /** The path of a value computed by the source. */
  computed(name: string): string | undefined;
  data(): ParameterValue;
  /** The workflow with the event's name, else a new one to be written. */
  workflow(): ParameterValue;
  audience(): ParameterValue;
  collection(): ParameterValue;
};

/** How `mapping suggest` proposes this action. */
export type ActionSuggestion = {
  /**
   * Whether an event of this type is probably for this action. The first action of the listing that
   * says so is taken.
   */
  fits?(eventType: string): boolean;
  parameters(event: SampledEvent): Record<string, ParameterValue | undefined>;
};

const aboutAPerson =
  /(^|[/._ -])(user|customer|contact|profile|person|member|account|signup|sign[_ -]?up)s?([/._ -]|$)/i;
const deletes = /delet|remov|erase/i;
const changes = /creat|updat|regist|identif|sign|chang|subscrib/i;

export const tellsOfDeletedPerson = (eventType: string) => aboutAPerson.test(eventType) && deletes.test(eventType);

export const tellsOfPerson = (eventType: string) =>
  aboutAPerson.test(eventType) && changes.test(eventType) && !deletes.test(eventType);

type Parameters = Record<string, ParameterValue>;

/** An object in its collection. */
export function suggestedObject(event: SampledEvent): Parameters {
  const id =
    event.eventType === 'group'
      ? event.id('group_id', 'groupId')
      : event.id('object_id', 'project_id', 'order_id', 'group_id');
  return { collection: event.collection(), id };
}

export function suggestedTenant(event: SampledEvent): Parameters {
  const names = ['tenant_id', 'workspace_id', 'organization_id', 'org_id', 'account_id', 'company_id', 'group_id'];
  return { id: event.id(...names) };
}

export function suggestedMember(event: SampledEvent): Parameters {
  return { key: event.audience(), members: event.person() };
}
