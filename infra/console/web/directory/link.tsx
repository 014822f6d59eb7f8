import { Text } from '../parts/text.tsx';
import { Go, type Place } from '../shell/go.tsx';

const tenants = '$tenants';

/** Where a recipient or an object is shown: a user's id, or `collection/id`. */
export function placeOf(key: string): Place {
  const slash = key.indexOf('/');
  if (slash < 0) return { to: ['people', key] };
  const [collection, id] = [key.slice(0, slash), key.slice(slash + 1)];
  return { to: collection === tenants ? ['people', 'tenants', id] : ['people', 'objects', collection, id] };
}

/** A recipient or an object, by its key. */
export function EntityLink({ of }: { of: string }) {
  return (
    <Go {...placeOf(of)}>
      <Text>{of}</Text>
    </Go>
  );
}

export function TenantLink({ id }: { id: string }) {
  return (
    <Go {...placeOf(`${tenants}/${id}`)}>
      <Text>{id}</Text>
    </Go>
  );
}
