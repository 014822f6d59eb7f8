import type { LiveConfiguration } from '../../ports/configuration.ts';
import type { Preprocessor } from '../../ports/preprocessor.ts';
import type { RawEvent } from '../events/raw-event.ts';
import { own } from '../json/values.ts';
import { prepareSource } from '../live/prepared.ts';
import type { Mapping } from '../mappings/schema.ts';
import { actionsMessageOf } from '../plan/actions-of.ts';
import { type ExplainedMapping, explainMapping } from '../plan/explain-mapping.ts';
import { type ConsideredMapping, type PlannedEvent, planEvent, readAndPlan } from '../plan/plan-event.ts';
import { type Rehearsal, type RehearsalContext, rehearseAction } from './rehearse-action.ts';

/** A mapping of the event's type, and all that is known of it without effects. */
export type DryRunMapping = ExplainedMapping & {
  mapping: Mapping;
  verdict: ConsideredMapping['verdict'] | 'source_disabled';
  /** For conditions: what was found instead. */
  detail?: string;
  /** The action's first step; only for a mapping that runs. */
  action?: Rehearsal;
};

/** `preprocessor` is required if a source has its own expression. */
export type DryRunContext = RehearsalContext & { preprocessor?: Preprocessor };

/** An event's outcome under one configuration. */
export type DryRun = {
  planned: PlannedEvent;
  /** Whether the source checks for copies by idempotency key here. */
  checksCopies: boolean;
  mappings: DryRunMapping[];
};

/**
 * Reads and matches an event and takes the first steps of its actions, like the functions, but
 * without claims, writes or calls. It does not check whether the event is a copy.
 * @throws for a payload that is not ours, and for a kind of source that this version does not know
 */
export async function dryRun(raw: RawEvent, context: DryRunContext): Promise<DryRun> {
  const planned = await plan(raw, context.configuration, context);
  const { event } = planned;
  const checksCopies = prepareSource(context.configuration, raw.source)?.settings.idempotency.enabled ?? false;
  if (event === undefined) return { planned, checksCopies, mappings: [] };
  const isDisabled = planned.plan.kind === 'rejected' && planned.plan.reason === 'source_disabled';
  const { considered } = isDisabled ? await plan(raw, switchedOn(context.configuration, raw.source), context) : planned;
  const rehearsals = await rehearseAll(planned, context);
  const mappings = considered.map(({ mapping, verdict, detail }): DryRunMapping => {
    const action = rehearsals.get(mapping.id);
    return {
      mapping,
      // The source's switch comes before every other reason for or against a mapping.
      verdict: isDisabled ? 'source_disabled' : verdict,
      ...(detail !== undefined && !isDisabled && { detail }),
      ...explainMapping(mapping, event),
      ...(action && { action }),
    };
  });
  return { planned, checksCopies, mappings };
}

function plan(raw: RawEvent, configuration: LiveConfiguration, { preprocessor }: DryRunContext) {
  return preprocessor === undefined ? planEvent(raw, configuration) : readAndPlan(raw, configuration, preprocessor);
}

async function rehearseAll(planned: PlannedEvent, context: RehearsalContext): Promise<Map<string, Rehearsal>> {
  if (planned.plan.kind !== 'run') return new Map();
  // The same message that workflow-trigger gets, so parameters that do not fit are refused here
  // too.
  const message = actionsMessageOf(planned, { execution: planned.raw.id, again: false, nowMs: context.nowMs });
  const rehearsals = await Promise.all(
    message.invocations.map(
      async (invocation) => [invocation.mapping, await rehearseAction(invocation, message, context)] as const,
    ),
  );
  return new Map(rehearsals);
}

function switchedOn(configuration: LiveConfiguration, source: string): LiveConfiguration {
  const { state } = configuration;
  const ofSource = own(state.sources, source);
  if (ofSource === undefined) return configuration;
  return {
    ...configuration,
    state: { ...state, sources: { ...state.sources, [source]: { ...ofSource, enabled: true } } },
  };
}
