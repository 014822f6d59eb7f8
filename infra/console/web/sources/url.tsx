import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { useToast } from '../parts/toast.tsx';
import { useEnvironment } from '../shell/environment.tsx';

/** With the URL events can be sent, so it is shown only when it is asked for. */
export function SourceUrl({ source }: { source: string }) {
  const { name, api } = useEnvironment();
  const [isShown, setShown] = useState(false);
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'url'],
    enabled: isShown,
    gcTime: 0,
    queryFn: () => read(api.source[':key'].url.$get({ param: { key: source } })),
  });
  if (!isShown)
    return (
      <>
        <span aria-hidden="true">••••••••</span>{' '}
        <button type="button" className="plain" onClick={() => setShown(true)}>
          Show the URL
        </button>
      </>
    );
  if (error !== null) return <ProblemView error={error} />;
  if (data?.url == null) return <span className="quiet">reading…</span>;
  return (
    <>
      <code className="text">{data.url}</code> <Copy text={data.url} what="the URL" />{' '}
      <button type="button" className="plain" onClick={() => setShown(false)}>
        Hide
      </button>
    </>
  );
}

/** Copies the URL without showing it. */
export function CopyUrl({ source }: { source: string }) {
  const { api } = useEnvironment();
  const toast = useToast();
  const copy = async () => {
    try {
      const { url } = await read(api.source[':key'].url.$get({ param: { key: source } }));
      if (url === null) return toast('this source has no URL', 'bad');
      await navigator.clipboard.writeText(url);
      toast('Copied the URL; it is a credential');
    } catch {
      toast('The URL could not be copied; show it, and select it', 'bad');
    }
  };
  return (
    <button type="button" className="button" onClick={copy}>
      Copy the URL
    </button>
  );
}
