import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { isAway, problemIn, read, sessions } from '../client.ts';
import { Loading, ProblemView } from '../parts/problem.tsx';

export type Session = { version: string; author: string; read_only: boolean; environments: string[] };

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('no session is open');
  return session;
}

const tokenIn = (hash: string) => new URLSearchParams(hash.slice(1)).get('token');

/** Takes the token of the printed URL, which then is gone from the address. */
async function openSession(): Promise<Session> {
  const token = tokenIn(location.hash);
  if (token !== null) {
    history.replaceState(history.state, '', location.pathname + location.search);
    // A browser that is signed in already needs no token; the error would hide the page.
    await read(sessions.index.$post({ json: { token } })).catch(async (error: unknown) => {
      await read(sessions.index.$get()).catch(() => Promise.reject(error));
    });
  }
  return read(sessions.index.$get());
}

const stillThereMs = 5_000;
const askAgainMs = 2_000;

/** Asked for before the first drawing, and so not again by it. */
export const sessionQuery = { queryKey: ['session'], queryFn: openSession, staleTime: 60_000 };

/**
 * Shows the console to a browser that is signed in. It asks every few seconds whether the server still answers, so that a
 * page which reads nothing at the moment says so too.
 */
export function SessionGate({ children }: { children: React.ReactNode }) {
  const { data, error } = useQuery({
    ...sessionQuery,
    refetchInterval: ({ state }) => (isAway(state.error) ? askAgainMs : stillThereMs),
  });
  // A server that was started anew with another key knows this browser no more.
  const isEnded = error !== null && problemIn(error).code === 'no_session';
  if (data !== undefined && !isEnded) return <SessionContext value={data}>{children}</SessionContext>;
  if (error === null) return <Loading />;
  return (
    <main className="gate">
      <h1>Signalbox</h1>
      <ProblemView error={error} />
      {isEnded && (
        <p className="quiet">
          Run it in a terminal. It opens this page, and the browser stays signed in for twelve hours.
        </p>
      )}
    </main>
  );
}
