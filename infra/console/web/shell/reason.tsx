import { useId } from 'react';

/** Why, in the words of the person: recorded with the change. */
export function ReasonField({ value, onChange }: { value: string; onChange(value: string): void }) {
  const field = useId();
  return (
    <div className="field">
      <label htmlFor={field}>Why (recorded with the change)</label>
      <input
        id={field}
        value={value}
        maxLength={1_000}
        autoComplete="off"
        onChange={({ target }) => onChange(target.value)}
      />
    </div>
  );
}
