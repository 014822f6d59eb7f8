import type {
  MemberRow,
  MembershipRow,
  SubscriptionRow,
} from '../../../../shared/operations/directory/directory-rows.ts';
import { read } from '../client.ts';
import { type Part, usePaged, type Wanted } from '../parts/paged.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';
import { EntityLink, TenantLink } from './link.tsx';

type RelationsProps<Row> = {
  title: string;
  queryKey: readonly unknown[];
  readPart(wanted: Wanted, signal: AbortSignal): Promise<Part>;
  /** Instead of rows, where there are none. */
  none: string;
  keyOf(row: Row): string;
  row(row: Row): React.ReactNode;
};

/** So many are shown beside each other, where there is room. */
const manyRows = 12;

/** What belongs to an entity, by name; more on request. */
function Relations<Row>({ title, queryKey, readPart, none, keyOf, row }: RelationsProps<Row>) {
  const { name } = useEnvironment();
  const { rows, first, error, isMore, isFetching, onMore } = usePaged<Row>([name, ...queryKey], readPart);
  return (
    <section className="part" aria-label={title}>
      <h2>{title}</h2>
      {error !== null && first === undefined && <ProblemView error={error} />}
      {first !== undefined && rows.length === 0 && <p className="quiet">{none}</p>}
      <ul className={rows.length > manyRows ? 'plain-list many' : 'plain-list'}>
        {rows.map((one) => (
          <li key={keyOf(one)}>{row(one)}</li>
        ))}
      </ul>
      {isMore && (
        <p>
          <button type="button" className="button" disabled={isFetching} onClick={onMore}>
            {isFetching ? 'Reading…' : 'Show more'}
          </button>
        </p>
      )}
    </section>
  );
}

const Since = ({ iso }: { iso: string }) => (
  <span className="quiet">
    since <Time iso={iso} dated />
  </span>
);

export function SubscriptionsOfUser({ id }: { id: string }) {
  const { api } = useEnvironment();
  return (
    <Relations<SubscriptionRow>
      title="Subscriptions"
      queryKey={['people', id, 'subscriptions']}
      readPart={(query, signal) =>
        read(api.people[':id'].subscriptions.$get({ param: { id }, query }, { init: { signal } }))
      }
      none="Subscribed to nothing."
      keyOf={({ object }) => object}
      row={({ object, inserted_at }) => (
        <>
          <EntityLink of={object} /> <Since iso={inserted_at} />
        </>
      )}
    />
  );
}

export function MembershipsOfUser({ id }: { id: string }) {
  const { api } = useEnvironment();
  return (
    <Relations<MembershipRow>
      title="Audiences"
      queryKey={['people', id, 'memberships']}
      readPart={(query, signal) =>
        read(api.people[':id'].memberships.$get({ param: { id }, query }, { init: { signal } }))
      }
      none="In no audience."
      keyOf={({ audience, tenant }) => `${audience}#${tenant ?? ''}`}
      row={({ audience, tenant, added_at }) => (
        <>
          <Go to={['people', 'audiences', audience]}>
            <Text>{audience}</Text>
          </Go>{' '}
          {tenant !== null && (
            <>
              in <TenantLink id={tenant} />{' '}
            </>
          )}
          <Since iso={added_at} />
        </>
      )}
    />
  );
}

type ObjectProps = { collection: string; id: string };

export function SubscribersOfObject({ collection, id }: ObjectProps) {
  const { api } = useEnvironment();
  const param = { collection, id };
  return (
    <Relations<SubscriptionRow>
      title="Subscribers"
      queryKey={['objects', collection, id, 'subscribers']}
      readPart={(query, signal) =>
        read(api.objects[':collection'][':id'].subscribers.$get({ param, query }, { init: { signal } }))
      }
      none="No one is subscribed to it."
      keyOf={({ recipient }) => recipient}
      row={({ recipient, inserted_at }) => (
        <>
          <EntityLink of={recipient} /> <Since iso={inserted_at} />
        </>
      )}
    />
  );
}

export function SubscriptionsOfObject({ collection, id }: ObjectProps) {
  const { api } = useEnvironment();
  const param = { collection, id };
  return (
    <Relations<SubscriptionRow>
      title="Subscriptions"
      queryKey={['objects', collection, id, 'subscriptions']}
      readPart={(query, signal) =>
        read(api.objects[':collection'][':id'].subscriptions.$get({ param, query }, { init: { signal } }))
      }
      none="Subscribed to nothing itself."
      keyOf={({ object }) => object}
      row={({ object, inserted_at }) => (
        <>
          <EntityLink of={object} /> <Since iso={inserted_at} />
        </>
      )}
    />
  );
}

export function MembersOfAudience({ audience }: { audience: string }) {
  const { api } = useEnvironment();
  return (
    <Relations<MemberRow>
      title="Members"
      queryKey={['audiences', audience, 'members']}
      readPart={(query, signal) =>
        read(api.audiences[':key'].members.$get({ param: { key: audience }, query }, { init: { signal } }))
      }
      none="No one is in it."
      keyOf={({ user_id, tenant }) => `${user_id}#${tenant ?? ''}`}
      row={({ user_id, tenant, added_at, user }) => (
        <>
          <EntityLink of={user_id} />{' '}
          {user === null ? (
            <span className="quiet">not identified yet</span>
          ) : (
            <Text>{user.name ?? user.email ?? ''}</Text>
          )}{' '}
          {tenant !== null && (
            <>
              in <TenantLink id={tenant} />{' '}
            </>
          )}
          <Since iso={added_at} />
        </>
      )}
    />
  );
}
