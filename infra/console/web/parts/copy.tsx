import { useToast } from './toast.tsx';

/** Copies a text, exactly as it is stored. */
export function Copy({ text, what, children }: { text: string; what: string; children?: React.ReactNode }) {
  const toast = useToast();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(`Copied ${what}`);
    } catch {
      toast('The browser does not let the page copy; select the text instead', 'bad');
    }
  };
  return (
    <button
      type="button"
      className={children === undefined ? 'copy' : 'button'}
      title={`Copy ${what}`}
      aria-label={children === undefined ? `Copy ${what}` : undefined}
      onClick={copy}
    >
      {children ?? (
        <svg aria-hidden="true" viewBox="0 0 16 16" width="13" height="13">
          <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
          <path d="M10.5 3.5v-1h-8v8h1" />
        </svg>
      )}
    </button>
  );
}
