import { Dialog } from '../parts/dialog.tsx';
import { useSession } from './session.tsx';

const keys: [string, string][] = [
  ['Ctrl K or /', 'find a page, source or workflow, or any id: event, user, run…'],
  ['j, k', 'the next row, the one before'],
  ['Enter', 'open the row'],
  ['x', 'select the row'],
  ['Escape', 'close, or select nothing'],
  ['?', 'this help'],
];

export function Help({ onClose }: { onClose(): void }) {
  const { version, author } = useSession();
  return (
    <Dialog title="Keys and help" onClose={onClose}>
      <h2>Keys</h2>
      <dl className="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet">
        Signalbox {version}. What you change is recorded as {author}.
      </p>
      <div className="buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
