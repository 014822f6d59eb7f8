import { useId, useState } from 'react';

/** A rate that a release keeps to, as a person types it. */
export function useRate() {
  const [text, setText] = useState('');
  /** Undefined: none is named. */
  const perSecond = text.trim() === '' ? undefined : Number(text);
  const isWrong = perSecond !== undefined && !(perSecond > 0 && perSecond <= 10_000);
  return { text, setText, perSecond, isWrong };
}

/** The field of a rate; `children` says what is counted, and what happens when it is empty. */
export function RateField({ rate, children }: { rate: ReturnType<typeof useRate>; children: string }) {
  const field = useId();
  return (
    <div className="field">
      <label htmlFor={field}>{children}</label>
      <input
        id={field}
        inputMode="decimal"
        autoComplete="off"
        value={rate.text}
        aria-invalid={rate.isWrong}
        onChange={({ target }) => rate.setText(target.value)}
      />
    </div>
  );
}
