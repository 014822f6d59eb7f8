import { Id } from '../parts/text.tsx';
import { Go } from '../shell/go.tsx';

export function EventLink({ id }: { id: string }) {
  return (
    <Go to={['events', id]}>
      <Id>{id}</Id>
    </Go>
  );
}
