import { useQuery } from '@tanstack/react-query';
import type { AudienceRow } from '../../../../shared/operations/directory/directory-rows.ts';
import { pathPart } from '../addresses.ts';
import { apiPath, read } from '../client.ts';
import { EntityHead } from '../directory/head.tsx';
import { MembersOfAudience } from '../directory/relations.tsx';
import { Fact } from '../parts/facts.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, ProblemView } from '../parts/problem.tsx';
import { Text } from '../parts/text.tsx';
import { quoted } from '../parts/words.ts';
import { useEnvironment } from '../shell/environment.tsx';
import { usePathParam } from '../shell/go.tsx';

/** One audience, and who is in it. */
export default function AudiencePage() {
  const key = usePathParam('key');
  const { name, api } = useEnvironment();
  const { data, error } = useQuery({
    queryKey: [name, 'audiences', key],
    queryFn: () => read(api.audiences[':key'].$get({ param: { key } })) as Promise<AudienceRow>,
  });
  return (
    <Page
      title="Audience"
      command={`audiences members ${quoted(key)}`}
      json={`${apiPath(name)}/audiences/${pathPart(key)}/members?limit=1000`}
      aside={<EntityHead id={key} />}
    >
      {data === undefined && (error === null ? <Loading /> : <ProblemView error={error} />)}
      {data !== undefined && (
        <>
          <dl className="facts">
            {data.name !== null && (
              <Fact name="Name">
                <Text>{data.name}</Text>
              </Fact>
            )}
            {data.description !== null && (
              <Fact name="Description">
                <Text>{data.description}</Text>
              </Fact>
            )}
            <Fact name="Made by">{data.origin === 'configuration' ? 'the configuration' : 'an action'}</Fact>
          </dl>
          <MembersOfAudience audience={key} />
        </>
      )}
    </Page>
  );
}
