import { useState } from 'react';
import type { SourceHoldRow } from '../../../../shared/operations/holds/source-hold.ts';
import type { SourceWithoutUrl } from '../../routes/source-without-url.ts';
import { read } from '../client.ts';
import { Text } from '../parts/text.tsx';
import { Ago, Time } from '../parts/time.tsx';
import { useToast } from '../parts/toast.tsx';
import { count, plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go } from '../shell/go.tsx';
import { RateField, useRate } from '../shell/rate.tsx';
import { ReasonField } from '../shell/reason.tsx';

/** No process has said for a minute that it is at it. */
export const isReleaseLeft = (hold: SourceHoldRow | null) =>
  hold?.release != null && Date.now() - Date.parse(hold.release.updated_at) > 60_000;

/** What a paused source holds, or how far the release of it is. */
export function SourceHold({
  source: { key, paused },
  hold,
}: {
  source: SourceWithoutUrl;
  hold: SourceHoldRow | null;
}) {
  if (paused === null && hold?.release == null) return null;
  const release = hold?.release ?? null;
  const done = Object.values(release?.counts ?? {}).reduce((sum, number) => sum + number, 0);
  return (
    <div className="now warn" role="status">
      {paused !== null && (
        <>
          <strong>It is paused</strong>, by <Text>{paused.by}</Text> <Ago iso={paused.since} />
          {paused.reason !== null && (
            <>
              {': '}
              <Text>{paused.reason}</Text>
            </>
          )}
          . Its events are accepted and kept, and nothing runs.
        </>
      )}
      {hold !== null && (
        <div>
          <Go to={['events']} search={{ source: key, status: 'held' }}>
            {hold.is_more && 'At least '}
            {plural(hold.held, 'event')}
          </Go>{' '}
          held
          {hold.oldest_expires_at !== null && (
            <>
              ; the oldest ages out <Time iso={hold.oldest_expires_at} />, and is lost then
            </>
          )}
          .
        </div>
      )}
      {release !== null && (
        <div className="release">
          Being released by <Text>{release.author}</Text>: {count(done)} of {count(release.total)}.{' '}
          <Go to={['jobs']} search={{ job: release.id }}>
            The job
          </Go>
          <progress value={done} max={Math.max(release.total, 1)} aria-label="Released events" />
        </div>
      )}
    </div>
  );
}

type ChangeProps = { source: string; onClose(): void };

export function PauseSource({ source, onClose }: ChangeProps) {
  const { api } = useEnvironment();
  const toast = useToast();
  const [message, setMessage] = useState('');
  return (
    <ChangeDialog
      title={`Pause ${source}`}
      verb="Pause and hold its events"
      change={(confirmed) =>
        read(
          api.source[':key'].pause.$post(
            { param: { key: source }, json: { ...(message !== '' && { message }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ kept_days }) => {
        toast(`${source} holds its events from within 30 s on; each is kept for ${plural(kept_days, 'day')}`);
        onClose();
      }}
    >
      <p>
        Its events are checked, answered and kept as held. Nothing runs until it is resumed; then all of them run,
        oldest first. The sender notices nothing.
      </p>
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}

export function ResumeSource({ source, hold, onClose }: ChangeProps & { hold: SourceHoldRow | null }) {
  const { api } = useEnvironment();
  const toast = useToast();
  const rate = useRate();
  const [message, setMessage] = useState('');
  const held = hold?.held ?? 0;
  return (
    <ChangeDialog
      title={`Resume ${source}`}
      verb={held === 0 ? 'Resume' : `Release ${hold?.is_more ? `${count(held)} or more` : count(held)} and resume`}
      disabled={rate.isWrong}
      change={(confirmed) =>
        read(
          api.source[':key'].resume.$post(
            {
              param: { key: source },
              json: {
                ...(rate.perSecond !== undefined && { per_second: rate.perSecond }),
                ...(message !== '' && { message }),
              },
            },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ kind }) => {
        toast(kind === 'unchanged' ? `${source} was not paused` : `the held events of ${source} are being released`);
        onClose();
      }}
    >
      <p>New events run at once, within 30 seconds. The held ones follow, oldest first.</p>
      <RateField rate={rate}>Held events per second at most; empty: as fast as it goes</RateField>
      <ReasonField value={message} onChange={setMessage} />
    </ChangeDialog>
  );
}
