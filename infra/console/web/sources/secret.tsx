import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { read } from '../client.ts';
import { Copy } from '../parts/copy.tsx';
import { ProblemView } from '../parts/problem.tsx';
import { Marked, Text } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { useToast } from '../parts/toast.tsx';
import { plural } from '../parts/words.ts';
import { ChangeDialog } from '../shell/change.tsx';
import { useEnvironment } from '../shell/environment.tsx';
import { RestoreSecret, RetireSecret } from './secret-end.tsx';

type Asked = 'set' | 'beside' | 'retire' | 'restore';

type SecretProps = {
  source: string;
  /** Where the vendor shows it, or wants it. */
  where?: string | undefined;
  /** What a request is answered until it is set, in words; absent: nothing happens without it. */
  without?: string | undefined;
};

/** The secret of a source: whether it is set and how old it is; never what it is. */
export function SourceSecret({ source, where, without }: SecretProps) {
  const { name, api, readOnly } = useEnvironment();
  const [asked, setAsked] = useState<Asked>();
  const [made, setMade] = useState<string>();
  const { data, error } = useQuery({
    queryKey: [name, 'source', source, 'secret'],
    queryFn: () => read(api.source[':key'].secret.$get({ param: { key: source } })),
  });
  if (data === undefined) return error === null ? <p className="quiet">reading…</p> : <ProblemView error={error} />;
  const { values, set_at, changed_at, deleted_on } = data;
  const close = () => setAsked(undefined);
  const isSet = values === null || values > 0;
  const button = (what: Asked, text: string, isPrimary = false) =>
    !readOnly && (
      <button type="button" className={isPrimary ? 'button primary' : 'button'} onClick={() => setAsked(what)}>
        {text}
      </button>
    );
  return (
    <>
      <div className="line">
        {deleted_on !== null ? (
          <>
            <span className="bad">It is scheduled for deletion on {deleted_on}, and nothing can use it.</span>
            {button('restore', 'Restore it…', true)}
            {button('set', 'Set a new one…')}
          </>
        ) : isSet ? (
          <>
            <span>
              <span className="good">Set</span>
              {set_at.length > 0 ? (
                set_at.map((at, i) => (
                  <span key={at ?? i}>
                    {i === 0 ? ' ' : ', the older one '}
                    {at === null ? 'at an unknown time' : <Ago iso={at} />}
                  </span>
                ))
              ) : (
                <>
                  {' '}
                  outside of Signalbox
                  {changed_at !== null && (
                    <>
                      , changed <Ago iso={changed_at} />
                    </>
                  )}
                </>
              )}
            </span>
            {set_at.length > 1 ? button('retire', 'End the older one…') : button('beside', 'Replace it…')}
          </>
        ) : (
          <>
            <span className={without === undefined ? 'quiet' : 'warn'}>
              Not set{without !== undefined && `: ${without}`}.
            </span>
            {button('set', 'Set the secret…', true)}
          </>
        )}
      </div>
      {set_at.length > 1 && (
        <p className="quiet">
          Requests with either value are accepted. End the older one when the sender uses the newer.
        </p>
      )}
      {made !== undefined && (
        <div className="now good" role="status">
          <strong>This is the only time that the secret is shown.</strong>
          {where !== undefined && (
            <div>
              It goes to <Marked text={where} />.
            </div>
          )}
          <div className="made">
            <code className="text">{made}</code> <Copy text={made} what="the secret" />{' '}
            <button type="button" className="plain" onClick={() => setMade(undefined)}>
              Hide
            </button>
          </div>
        </div>
      )}
      {(asked === 'set' || asked === 'beside') && (
        <SetSecret
          source={source}
          beside={asked === 'beside'}
          where={where}
          sharedWith={data.shared_with}
          canGenerate={data.can_generate}
          onMade={setMade}
          onClose={close}
        />
      )}
      {asked === 'retire' && <RetireSecret source={source} onClose={close} />}
      {asked === 'restore' && <RestoreSecret source={source} onClose={close} />}
    </>
  );
}

type SetProps = {
  source: string;
  /** The value that is there stays valid too. */
  beside: boolean;
  where: string | undefined;
  sharedWith: string;
  canGenerate: boolean;
  onMade(value: string): void;
  onClose(): void;
};

function SetSecret({ source, beside, where, sharedWith, canGenerate, onMade, onClose }: SetProps) {
  const { api, local } = useEnvironment();
  const toast = useToast();
  const [isMade, setIsMade] = useState(canGenerate);
  const [value, setValue] = useState('');
  return (
    <ChangeDialog
      title={beside ? `Replace the secret of ${source}` : `Set the secret of ${source}`}
      verb={isMade ? 'Make and set it' : 'Set it'}
      disabled={!isMade && value.trim() === ''}
      change={(confirmed) =>
        read(
          api.source[':key'].secret.$post(
            { param: { key: source }, json: { beside, ...(!isMade && { value }) } },
            confirmed,
          ),
        )
      }
      onClose={onClose}
      onDone={({ values, removed, generated }) => {
        const cut = removed.length === 0 ? '' : `; removed from what was pasted: ${removed.join(', ')}`;
        toast(`The secret is set, ${plural(values, 'value')} active${cut}. Functions use it within 5 minutes`);
        if (generated !== undefined) onMade(generated);
        onClose();
      }}
    >
      {where !== undefined && (
        <p>
          {isMade ? 'It goes to' : 'It is in'} <Marked text={where} />.
          {local && !canGenerate && ' To try samples on this machine, any value of that form will do.'}
        </p>
      )}
      {canGenerate && (
        <fieldset className="choice-list">
          <label>
            <input type="radio" name="how" checked={isMade} onChange={() => setIsMade(true)} />
            <span>
              Make one here <span className="quiet">it is shown once, to be pasted at the sender</span>
            </span>
          </label>
          <label>
            <input type="radio" name="how" checked={!isMade} onChange={() => setIsMade(false)} />
            <span>
              Paste one <span className="quiet">the sender has it already</span>
            </span>
          </label>
        </fieldset>
      )}
      {!isMade && (
        <div className="field">
          <label htmlFor="secret-value">
            The secret, as <Text>{sharedWith}</Text> shows it
          </label>
          <input
            id="secret-value"
            type="password"
            value={value}
            autoComplete="off"
            spellCheck={false}
            onChange={({ target }) => setValue(target.value)}
          />
        </div>
      )}
      {beside && <p className="quiet">The secret that is set stays valid beside it, until you end it.</p>}
      <p className="quiet">It is written, and never shown here.</p>
    </ChangeDialog>
  );
}
