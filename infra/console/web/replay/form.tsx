import { useId } from 'react';

type ReplayFormProps = {
  force: boolean;
  setForce(force: boolean): void;
  reason: string;
  setReason(reason: string): void;
};

/** How events are to run again, and why. */
export function ReplayForm({ force, setForce, reason, setReason }: ReplayFormProps) {
  const field = useId();
  return (
    <>
      <fieldset className="choice-list">
        <legend className="visually-hidden">How</legend>
        <label>
          <input type="radio" name="how" checked={!force} onChange={() => setForce(false)} />
          <span>
            Run what is missing <span className="quiet">· what succeeded is not done again</span>
          </span>
        </label>
        <label>
          <input type="radio" name="how" checked={force} onChange={() => setForce(true)} />
          <span>
            Run whole events as new ones{' '}
            <span className="quiet">· by the live configuration; what was done is done again</span>
          </span>
        </label>
      </fieldset>
      <div className="field">
        <label htmlFor={field} className="quiet">
          Why (recorded with the job)
        </label>
        <input id={field} value={reason} maxLength={1_000} onChange={({ target }) => setReason(target.value)} />
      </div>
    </>
  );
}
