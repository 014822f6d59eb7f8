import type { WorkflowState as State, WorkflowRow } from '../../../../shared/operations/workflows/workflow-row.ts';
import { Status, type Tone } from '../parts/status.tsx';
import { count } from '../parts/words.ts';

const tones: Record<State, Tone> = { active: 'good', holding: 'warn', releasing: 'warn', dropping: 'bad' };

export function WorkflowState({ state }: { state: State }) {
  return <Status tone={tones[state]}>{state}</Status>;
}

export function heldText({ runs, is_more }: NonNullable<WorkflowRow['held']>): string {
  return `${count(runs)}${is_more ? ' or more' : ''}`;
}
