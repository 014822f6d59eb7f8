import { read } from '../client.ts';
import { Id, Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { useToast } from '../parts/toast.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { InEnvironment } from './in-environment.tsx';
import { type Planned, PlannedChange } from './planned-change.tsx';

type PromoteProps = {
  from: string;
  to: string;
  /** One commit of the environment below; absent: everything. */
  only?: string;
  onClose(): void;
};

/** Brings what is live in one environment into the next. */
export function PromoteDialog(props: PromoteProps) {
  return (
    <InEnvironment name={props.to}>
      <Promotion {...props} />
    </InEnvironment>
  );
}

function Promotion({ from, to, only, onClose }: PromoteProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const { promote } = api.configuration;
  const what = only === undefined ? {} : { only };
  return (
    <PlannedChange
      title={only === undefined ? `Promote from ${from} to ${to}` : `Promote ${only} from ${from} to ${to}`}
      verb="Promote"
      from={`Live in ${to}`}
      to={`Live in ${from}`}
      of={['promote', only ?? null]}
      plan={() => read(promote['dry-run'].$post({ json: what }))}
      change={(asked, confirmed) => read(promote.$post({ json: { ...asked, ...what } }, confirmed))}
      nothing={() => `${to} has everything that ${from} has already.`}
      about={({ commits = [] }) => <Commits commits={commits} />}
      onDone={({ version }) => {
        toast(`${to} is at version ${version}`);
        onClose();
      }}
      onClose={onClose}
    />
  );
}

function Commits({ commits }: { commits: NonNullable<Planned['commits']> }) {
  if (commits.length === 0) return null;
  return (
    <ul className="plain-list" aria-label="Commits that come along">
      {commits.map(({ id, message, author, created_at }) => (
        <li key={id}>
          <Id>{id}</Id> <Text>{message}</Text>{' '}
          <span className="quiet">
            <Text>{withoutAddress(author)}</Text>, <Ago iso={created_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** `Ada <ada@example.com>` → `Ada` */
export const withoutAddress = (author: string) => author.replace(/ <.*>$/, '');
