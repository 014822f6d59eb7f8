import { useQuery } from '@tanstack/react-query';
import { type Api, apiPath, read } from '../client.ts';
import { FileProblems } from '../configuration/objections.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Loading, ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { Go, pathOf, usePageSearch } from '../shell/go.tsx';
import { useSession } from '../shell/session.tsx';
import { KindCards } from '../sources/kind-cards.tsx';
import { NewSourceForm } from '../sources/new-form.tsx';

const readNew = (api: Api) => read(api['new-source'].$get());
type Answer = Awaited<ReturnType<typeof readNew>>;

/** Adds a source: who sends, then its file, which is made live at once. All state is in the URL. */
export default function NewSource() {
  const { name, api, readOnly } = useEnvironment();
  const [{ kind }] = usePageSearch();
  const { data, error } = useQuery({
    queryKey: [name, 'new-source'],
    queryFn: () => readNew(api),
    // Files are put right outside of the page.
    refetchInterval: ({ state }) => (state.data?.obstacle?.kind === 'file_errors' ? 2_000 : false),
  });
  const chosen = data?.kinds.find((one) => one.kind === kind);
  return (
    <Page
      title={chosen === undefined ? 'Add a source' : `Add ${chosen.title}`}
      command={kind === undefined ? 'sources kinds' : `sources add ${quoted(kind)}`}
      json={`${apiPath(name)}/new-source`}
      aside={
        chosen !== undefined && (
          <>
            <span className="grow" />
            <Go to={['sources', '~new']} className="button">
              Another kind
            </Go>
          </>
        )
      }
    >
      {readOnly ? (
        <Empty title="This console only reads">
          <p>Start it without --read-only to add a source.</p>
        </Empty>
      ) : data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ProblemView error={error} />
        )
      ) : data.obstacle !== null ? (
        <Obstacle obstacle={data.obstacle} />
      ) : kind === undefined ? (
        <KindCards kinds={data.kinds} />
      ) : chosen === undefined ? (
        <Empty title="There is no such kind of source">
          <p>
            <Text>{kind}</Text> is not one. <Go to={['sources', '~new']}>Choose one</Go> of those that there are.
          </p>
        </Empty>
      ) : (
        <NewSourceForm key={chosen.kind} kind={chosen} taken={data.keys} directory={data.directory ?? ''} />
      )}
    </Page>
  );
}

/** Why no source can be added here, and how to go on. */
function Obstacle({ obstacle }: { obstacle: NonNullable<Answer['obstacle']> }) {
  const { name } = useEnvironment();
  const { environments } = useSession();
  switch (obstacle.kind) {
    case 'promoted': {
      const { below } = obstacle;
      return (
        <Empty title={`Sources come to ${name} by promotion`}>
          <p>
            Add it in <strong>{below}</strong>, and promote it from there: so what runs in {name} has run in {below}.
          </p>
          {below !== null && environments.includes(below) && (
            <p>
              <a href={pathOf(below, ['sources', '~new'])}>Add it in {below}</a>
            </p>
          )}
        </Empty>
      );
    }
    case 'no_files':
      return (
        <Empty title="This console has no configuration files">
          <p>A source is a file of your checkout, so that git sees it. Start the console there:</p>
          <code className="command">npx signalbox console --dir infra/config</code>
        </Empty>
      );
    case 'file_errors':
      return (
        <>
          <div className="now warn" role="status">
            <strong>The configuration files have errors.</strong> A source can be added when they are right; this page
            looks again every two seconds.
          </div>
          <FileProblems problems={obstacle.problems} />
        </>
      );
  }
}
