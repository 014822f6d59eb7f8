import { useQuery } from '@tanstack/react-query';
import { apiOf, readEnvironment } from '../client.ts';
import { EnvironmentContext, useEnvironment } from '../shell/environment.tsx';

/** Dialogs that change another environment than the one that is shown; nothing until that answers. */
export function InEnvironment({ name, children }: { name: string; children: React.ReactNode }) {
  const here = useEnvironment();
  const { data } = useQuery({
    queryKey: [name, 'environment'],
    queryFn: () => readEnvironment(name),
    enabled: name !== here.name,
  });
  if (name === here.name) return children;
  if (data === undefined) return null;
  return (
    <EnvironmentContext value={{ ...data, readOnly: here.readOnly, api: apiOf(name) }}>{children}</EnvironmentContext>
  );
}
