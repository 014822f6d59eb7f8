import { useState } from 'react';
import type { WorkflowRow } from '../../../../shared/operations/workflows/workflow-row.ts';
import { read } from '../client.ts';
import { useToast } from '../parts/toast.tsx';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { RateField, useRate } from '../shell/rate.tsx';
import { ReasonField } from '../shell/reason.tsx';
import { heldText } from './state.tsx';

type ChangeProps = { workflow: WorkflowRow; onClose(): void };

/** Holds the runs of a workflow, or drops them. */
export function PauseWorkflow({ workflow: { key, state }, onClose }: ChangeProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const [drop, setDrop] = useState(false);
  const [message, setMessage] = useState('');
  return (
    <ChangeDialog
      title={state === 'releasing' ? `Stop releasing the runs of ${key}` : `Pause ${key}`}
      verb={drop ? 'Pause and drop its runs' : 'Pause and hold its runs'}
      danger={drop}
      change={(confirmed) =>
        read(
          api.workflows[':key'].pause.$post(
            { param: { key }, json: { drop, ...(message !== '' && { message }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={() => {
        toast(drop ? `${key} starts no runs from within 30 s on` : `${key} holds its runs from within 30 s on`);
        onClose();
      }}
    >
      {state === 'active' || state === 'dropping' ? (
        <fieldset className="choice-list">
          <label>
            <input type="radio" name="how" checked={!drop} onChange={() => setDrop(false)} />
            <span>
              Hold its runs <span className="quiet">they are written, and wait until it is resumed</span>
            </span>
          </label>
          {state === 'active' && (
            <label>
              <input type="radio" name="how" checked={drop} onChange={() => setDrop(true)} />
              <span>
                Drop its runs{' '}
                <span className="quiet">triggers fail as workflow_inactive, delayed runs are cancelled</span>
              </span>
            </label>
          )}
        </fieldset>
      ) : (
        <p>Runs that it has not released stay held, and so do new ones.</p>
      )}
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}

/** Releases what a workflow holds, and starts its runs again. */
export function ResumeWorkflow({ workflow: { key, held, state }, onClose }: ChangeProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const rate = useRate();
  const [message, setMessage] = useState('');
  const runs = held?.runs ?? 0;
  return (
    <ChangeDialog
      title={state === 'releasing' ? `Carry on releasing the runs of ${key}` : `Resume ${key}`}
      verb={
        held === null || runs + held.without_runs === 0
          ? 'Resume'
          : `Release ${heldText({ ...held, runs: runs + held.without_runs })} and resume`
      }
      disabled={rate.isWrong}
      change={(confirmed) =>
        read(
          api.workflows[':key'].resume.$post(
            {
              param: { key },
              json: {
                ...(rate.perSecond !== undefined && { per_second: rate.perSecond }),
                ...(message !== '' && { message }),
              },
            },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ kind }) => {
        toast(
          kind === 'releasing' || kind === 'carried_on'
            ? `the held runs of ${key} are being released`
            : `${key} starts its runs again`,
        );
        onClose();
      }}
    >
      <p>
        {held === null
          ? 'It starts runs again within 30 seconds. What failed meanwhile can be replayed.'
          : 'Held runs go on first, those of older events before newer ones. What arrives meanwhile waits behind them.'}
      </p>
      {state === 'holding' && (
        <RateField rate={rate}>Runs per second at most; empty: as fast as its target takes them</RateField>
      )}
      {state !== 'releasing' && <ReasonField value={message} onChange={setMessage} />}
    </ChangeDialog>
  );
}
