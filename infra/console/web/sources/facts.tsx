import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { ConfigurationLinks } from '../configuration/links.tsx';
import { Fact } from '../parts/facts.tsx';
import { Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { Go } from '../shell/go.tsx';
import { Verification } from './state.tsx';
import { SourceUrl } from './url.tsx';

export function SourceFacts({ row }: { row: SourceWithoutUrl }) {
  const { idempotency } = row;
  return (
    <dl className="facts">
      {row.name !== null && (
        <Fact name="Name">
          <Text>{row.name}</Text>
        </Fact>
      )}
      <Fact name="Kind">{row.kind ?? 'not live any more; its rows are still in the log'}</Fact>
      <Fact name="Configuration">
        <ConfigurationLinks resource={`source/${row.key}`} />
      </Fact>
      <Fact name="Last event">
        {row.last_event_at === null ? (
          'never'
        ) : row.last_event_id === null ? (
          <Ago iso={row.last_event_at} />
        ) : (
          <Go to={['events', row.last_event_id]}>
            <Ago iso={row.last_event_at} />
          </Go>
        )}
      </Fact>
      <Fact name="Verification">
        <Verification row={row} />
      </Fact>
      <Fact name="Copies">
        {idempotency.enabled ? (
          <>
            found by <Text>{idempotency.path ?? 'no key'}</Text>, within {idempotency.window_hours} h
          </>
        ) : (
          'every copy runs'
        )}
      </Fact>
      {row.has_url && (
        <Fact name="Ingest URL">
          <SourceUrl source={row.key} />
        </Fact>
      )}
      {row.previous_url !== null && (
        <Fact name="Old URL">
          still valid,{' '}
          {row.previous_url.last_used_at === null ? (
            'not used since it was replaced'
          ) : (
            <>
              last used <Ago iso={row.previous_url.last_used_at} />
            </>
          )}
        </Fact>
      )}
    </dl>
  );
}
