import { Go } from '../shell/go.tsx';

/** From a source or workflow to what was changed of it, and to how it is in other environments. */
export function ConfigurationLinks({ resource }: { resource: `${'source' | 'workflow'}/${string}` }) {
  return (
    <>
      <Go to={['configuration']} search={{ show: 'log', resource }}>
        Its changes
      </Go>
      {' · '}
      <Go to={['configuration']} search={{ show: 'matrix' }}>
        All environments
      </Go>
    </>
  );
}
