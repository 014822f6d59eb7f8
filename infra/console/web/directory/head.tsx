import { Copy } from '../parts/copy.tsx';
import { Fact } from '../parts/facts.tsx';
import { Id } from '../parts/text.tsx';
import { Time } from '../parts/time.tsx';

/** Beside the title of a page about one entity. */
export function EntityHead({ id }: { id: string }) {
  return (
    <>
      <Id>{id}</Id>
      <Copy text={id} what="the id" />
    </>
  );
}

/** When it was first described, and last. */
export function Seen({ entity }: { entity: { inserted_at: string; updated_at: string; version: number } }) {
  return (
    <dl className="facts">
      <Fact name="First seen">
        <Time iso={entity.inserted_at} />
      </Fact>
      <Fact name="Changed">
        <Time iso={entity.updated_at} />
      </Fact>
      <Fact name="Written">{entity.version === 1 ? 'once' : `${entity.version} times`}</Fact>
    </dl>
  );
}

/** What is read beside an entity, below it: shown with it, so that nothing moves down when it comes. */
export function Below({ hidden, children }: { hidden: boolean; children: React.ReactNode }) {
  return (
    <div className="below" hidden={hidden}>
      {children}
    </div>
  );
}
