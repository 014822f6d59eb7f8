import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { JobRow } from '../../../../shared/operations/jobs/job-row.ts';
import { apiPath, read } from '../client.ts';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Id, Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { count, plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, usePageSearch } from '../shell/go.tsx';

const whileRunningMs = 1_000;

type Job = JobRow & { runs_here: boolean; problem: string | null };

/** Long work of operators: what was asked, by whom, and how far it is. */
export default function Jobs() {
  const { name, api, readOnly } = useEnvironment();
  const [{ job: shown }] = usePageSearch();
  const [asked, setAsked] = useState<{ job: Job; what: 'cancel' | 'resume' }>();
  const { data, error } = useQuery({
    queryKey: [name, 'jobs'],
    queryFn: () => read(api.jobs.$get()) as Promise<Job[]>,
    refetchInterval: ({ state }) =>
      state.error !== null || state.data?.some(({ state: now }) => now === 'running') === true
        ? whileRunningMs
        : 10_000,
  });
  return (
    <Page title="Jobs" command="jobs" json={`${apiPath(name)}/jobs`}>
      {error !== null && data === undefined && <ProblemView error={error} />}
      {data === undefined && error === null && <Loading />}
      {data?.length === 0 && (
        <Empty title="No jobs yet">
          <p>
            A replay or discard of many events is a job. <Go to={['problems']}>Problems</Go> shows what could run again.
          </p>
        </Empty>
      )}
      <ul className="jobs">
        {data?.map((job) => (
          <li key={job.id} className={job.id === shown ? 'shown' : undefined}>
            <div className="job-head">
              <Status>{job.state}</Status>
              <strong>
                {job.kind} of {plural(job.total, 'event')}
              </strong>
              <span className="quiet">
                <Ago iso={job.created_at} /> by <Text>{job.author}</Text>
              </span>
              <span className="grow" />
              {job.state === 'running' && !readOnly && (
                <>
                  {!job.runs_here && (
                    <button type="button" className="button" onClick={() => setAsked({ job, what: 'resume' })}>
                      Carry on
                    </button>
                  )}
                  <button type="button" className="button" onClick={() => setAsked({ job, what: 'cancel' })}>
                    Cancel…
                  </button>
                </>
              )}
            </div>
            {job.reason !== null && (
              <p>
                <Text>{job.reason}</Text>
              </p>
            )}
            {job.problem !== null && job.state === 'running' && (
              <p className="bad" role="status">
                It stopped here: <Text>{job.problem}</Text>
              </p>
            )}
            <progress max={job.total} value={doneOf(job)} aria-label="Progress" className={job.state} />
            <p className="quiet">
              {count(doneOf(job))} of {count(job.total)}
              {Object.entries(job.counts)
                .filter(([, number]) => number > 0)
                .map(([word, number]) => ` · ${count(number)} ${word}`)
                .join('')}
              {' · '}
              <Id>{job.id}</Id>
            </p>
          </li>
        ))}
      </ul>
      {asked !== undefined && (
        <ChangeDialog
          title={asked.what === 'cancel' ? 'Cancel the job' : 'Carry on with the job'}
          verb={asked.what === 'cancel' ? 'Cancel the job' : 'Carry on'}
          danger={asked.what === 'cancel'}
          change={(confirmed) =>
            asked.what === 'cancel'
              ? read(api.jobs[':id'].cancel.$post({ param: { id: asked.job.id } }, confirmed))
              : read(api.jobs[':id'].resume.$post({ param: { id: asked.job.id } }, confirmed))
          }
          onClose={() => setAsked(undefined)}
          onDone={() => setAsked(undefined)}
        >
          <p>
            {asked.what === 'cancel'
              ? `It ends after the events that it is at. What it has ${asked.job.kind === 'discard' ? 'closed stays closed' : 'sent stays sent'}.`
              : 'It goes on in this console, behind the last event that it was done with. Nothing runs twice. If its process died just now, it goes on within half a minute.'}
          </p>
        </ChangeDialog>
      )}
    </Page>
  );
}

const doneOf = ({ counts }: Job) => Object.values(counts).reduce((sum, number) => sum + number, 0);
