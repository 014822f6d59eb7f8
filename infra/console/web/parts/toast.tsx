import { createContext, useCallback, useContext, useRef, useState } from 'react';
import { Text } from './text.tsx';

type Toast = { id: number; text: string; tone: 'good' | 'bad' };

const ToastContext = createContext<(text: string, tone?: Toast['tone']) => void>(() => undefined);

/** Says in a corner what was just done. */
export const useToast = () => useContext(ToastContext);

const shownMs = 5_000;

export function Toasts({ children }: { children: React.ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const made = useRef(0);
  const remove = useCallback((id: number) => setToasts((all) => all.filter((one) => one.id !== id)), []);
  const add = useCallback(
    (text: string, tone: Toast['tone'] = 'good') => {
      const id = ++made.current;
      setToasts((all) => [...all.slice(-3), { id, text, tone }]);
      setTimeout(() => remove(id), tone === 'bad' ? 3 * shownMs : shownMs);
    },
    [remove],
  );
  return (
    <ToastContext value={add}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, text, tone }) => (
          <div key={id} className={`toast ${tone}`}>
            <Text>{text}</Text>
            <button type="button" className="plain" aria-label="Dismiss" onClick={() => remove(id)}>
              ×
            </button>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}
