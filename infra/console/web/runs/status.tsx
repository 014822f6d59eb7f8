import type { RunRow } from '../../../../shared/operations/runs/run-row.ts';
import { Status, type Tone } from '../parts/status.tsx';

const tones: Record<RunRow['status'], Tone> = {
  pending: 'warn',
  held: 'warn',
  handed_off: 'good',
  failed: 'bad',
  cancelled: 'quiet',
};

export function RunStatus({ status }: { status: RunRow['status'] }) {
  return <Status tone={tones[status]}>{status}</Status>;
}
