import { isAway, problemIn } from '../client.ts';
import { Remedies } from './remedies.tsx';
import { Text } from './text.tsx';

type ProblemViewProps = {
  error: unknown;
  /** What was asked is asked once: a change, which a person repeats. */
  once?: boolean;
};

/** Why something is not shown, or was not done: what was wrong, and what would be right. */
export function ProblemView({ error, once = false }: ProblemViewProps) {
  const { title, lines, remedies } = problemIn(error);
  return (
    <div className="problem" role="alert">
      <p className="problem-title">
        <Text>{title}</Text>
      </p>
      {lines.map((line) => (
        <p key={line}>
          <Text>{line}</Text>
        </p>
      ))}
      <Remedies remedies={remedies} />
      {isAway(error) && (
        <p className="quiet">
          {once
            ? 'This is not asked again by itself: press the button once it answers.'
            : 'This page asks again every two seconds, and goes on by itself.'}
        </p>
      )}
    </div>
  );
}

/** Nothing to show, and what to do next. */
export function Empty({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">Loading</span>
    </div>
  );
}
