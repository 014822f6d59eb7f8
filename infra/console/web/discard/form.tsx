import { useId } from 'react';

/** Why failures are closed, and what that means. */
export function DiscardForm({ reason, setReason }: { reason: string; setReason(reason: string): void }) {
  const field = useId();
  return (
    <>
      <p className="quiet">
        Closes what failed and needs no repair. The rows keep all that they hold, and no longer count as failed. Replay
        takes a discard back and runs what failed.
      </p>
      <div className="field">
        <label htmlFor={field}>Why it is closed (kept in each row)</label>
        <input
          id={field}
          value={reason}
          required
          maxLength={512}
          autoComplete="off"
          placeholder="a test order"
          onChange={({ target }) => setReason(target.value)}
        />
      </div>
    </>
  );
}
