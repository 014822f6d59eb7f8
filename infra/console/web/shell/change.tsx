import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Dialog } from '../parts/dialog.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { useEnvironment } from './environment.tsx';

/** Sent with a call that changes something: the name of the environment, as the person typed it. */
export type Confirmed = { headers: Record<string, string> };

type ChangeDialogProps<Result> = {
  title: string;
  /** On the button: `Replay 3 events`. */
  verb: string;
  /** The call; hand `confirmed` on as its second argument. */
  change(confirmed: Confirmed): Promise<Result>;
  onDone(result: Result): void;
  onClose(): void;
  /** Nothing can be changed as things are. */
  disabled?: boolean;
  danger?: boolean;
  /** Has room for two columns. */
  wide?: boolean;
  /** Absent: the environment itself. */
  changes?: 'files';
  /** What would happen. */
  children: React.ReactNode;
};

/**
 * Asks before something is changed. Where the environment is not on this machine the person types
 * its name, which the server wants to see.
 */
export function ChangeDialog<Result>({
  title,
  verb,
  change,
  onDone,
  onClose,
  disabled = false,
  danger = false,
  wide = false,
  changes,
  children,
}: ChangeDialogProps<Result>) {
  const { name, local, where } = useEnvironment();
  const [typed, setTyped] = useState('');
  const [isLeft, setIsLeft] = useState(false);
  const queries = useQueryClient();
  const field = useId();
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => change({ headers: { 'x-confirm-environment': typed } }),
    onSuccess(result) {
      void queries.invalidateQueries();
      onDone(result);
    },
  });
  // The beginning of the name is no mistake, as long as the person is typing it.
  const isWrong = typed !== '' && typed !== name && (isLeft || !name.startsWith(typed));
  return (
    <Dialog title={title} onClose={onClose} className={wide ? 'wide' : ''}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        <h2>{title}</h2>
        {children}
        {error !== null && <ProblemView error={error} once />}
        {!local && (
          <div className="field">
            <label htmlFor={field}>
              {changes === 'files' ? 'This writes into your files what is live in ' : 'This changes '}
              <strong>{name}</strong> ({where}). Type its name:
            </label>
            <input
              id={field}
              value={typed}
              autoComplete="off"
              spellCheck={false}
              autoCapitalize="none"
              aria-invalid={isWrong}
              aria-describedby={isWrong ? `${field}-hint` : undefined}
              onFocus={() => setIsLeft(false)}
              onBlur={() => setIsLeft(true)}
              onChange={(event) => setTyped(event.target.value)}
            />
            {isWrong && (
              <p className="quiet" id={`${field}-hint`}>
                It is <code>{name}</code>, in just these letters.
              </p>
            )}
          </div>
        )}
        <div className="buttons">
          <button type="button" className="button" onClick={onClose}>
            {verb.startsWith('Cancel') ? 'Go back' : 'Cancel'}
          </button>
          <button
            type="submit"
            className={danger ? 'button danger' : 'button primary'}
            disabled={disabled || isPending || (!local && typed !== name)}
          >
            {isPending ? 'Working…' : verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
