/** What a status means for the person who looks; each has a sign besides its colour. */
const tones: Record<string, 'good' | 'bad' | 'warn' | 'quiet'> = {
  processed: 'good',
  succeeded: 'good',
  triggered: 'good',
  done: 'good',
  failed: 'bad',
  rejected: 'bad',
  critical: 'bad',
  skipped: 'warn',
  pending: 'warn',
  waiting: 'warn',
  running: 'warn',
  warning: 'warn',
  delayed: 'warn',
  held: 'warn',
  no_mapping: 'quiet',
  idempotent: 'quiet',
  cancelled: 'quiet',
  note: 'quiet',
};
const signs = { good: '●', bad: '▲', warn: '◆', quiet: '○' } as const;

export type Tone = keyof typeof signs;

/** @param tone for words that are not in the list above */
export function Status({ children, tone = tones[children] ?? 'quiet' }: { children: string; tone?: Tone }) {
  return (
    <span className={`status ${tone}`}>
      <span aria-hidden="true" className="sign">
        {signs[tone]}
      </span>
      {children.replaceAll('_', ' ')}
    </span>
  );
}
