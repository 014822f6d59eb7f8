import { useEffect, useId, useState } from 'react';
import type { Search } from '../shell/go.tsx';
import { visible } from './text.tsx';

export type Filter = {
  /** Its name in the URL, and in the route's query. */
  name: string;
  label: string;
  /** A closed list; absent: any text. */
  options?: readonly string[] | undefined;
  /** Texts to choose from, besides any other. */
  known?: readonly string[] | undefined;
  /** Shown only after `More`, or when it is set. */
  more?: boolean;
};

type FiltersProps = {
  filters: readonly Filter[];
  search: Search;
  onChange(change: Search): void;
};

/** Filters of a list. They are in the URL, so that a link shows the same and a reload keeps them. */
export function Filters({ filters, search, onChange }: FiltersProps) {
  const [isMore, setMore] = useState(false);
  const shown = filters.filter(({ name, more }) => isMore || more !== true || search[name] !== undefined);
  const isSet = filters.some(({ name }) => search[name] !== undefined);
  const cleared = Object.fromEntries(filters.map(({ name }) => [name, undefined]));
  return (
    <div className="filters">
      {shown.map((filter) =>
        filter.options === undefined ? (
          <TextFilter key={filter.name} filter={filter} value={search[filter.name]} onChange={onChange} />
        ) : (
          <ChoiceFilter key={filter.name} filter={filter} value={search[filter.name]} onChange={onChange} />
        ),
      )}
      {filters.length > shown.length && (
        <button type="button" className="plain" onClick={() => setMore(true)}>
          More filters
        </button>
      )}
      {isSet && (
        <button type="button" className="plain" onClick={() => onChange(cleared)}>
          Clear
        </button>
      )}
    </div>
  );
}

type FilterProps = { filter: Filter; value: string | undefined; onChange(change: Search): void };

function ChoiceFilter({ filter: { name, label, options = [] }, value = '', onChange }: FilterProps) {
  // A link can hold several: `failed,rejected`.
  const all = value === '' || options.includes(value) ? options : [value, ...options];
  return (
    <select
      name={name}
      aria-label={label}
      className={value === '' ? 'filter' : 'filter set'}
      value={value}
      onChange={({ target }) => onChange({ [name]: target.value === '' ? undefined : target.value })}
    >
      <option value="">{label}: any</option>
      {all.map((option) => (
        <option key={option} value={option}>
          {visible(option.replaceAll('_', ' '))}
        </option>
      ))}
    </select>
  );
}

function TextFilter({ filter: { name, label, known }, value = '', onChange }: FilterProps) {
  const [typed, setTyped] = useState(value);
  const list = useId();
  useEffect(() => setTyped(value), [value]);
  const take = (text: string) => {
    if (text.trim() !== value) onChange({ [name]: text.trim() === '' ? undefined : text.trim() });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        take(typed);
      }}
    >
      <input
        name={name}
        aria-label={label}
        className={value === '' ? 'filter' : 'filter set'}
        placeholder={label}
        list={known === undefined ? undefined : list}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={({ target, nativeEvent }) => {
          setTyped(target.value);
          // One that was chosen from the list counts at once.
          if (!(nativeEvent instanceof InputEvent) && known?.includes(target.value) === true) take(target.value);
        }}
        onBlur={() => take(typed)}
      />
      {known !== undefined && (
        <datalist id={list}>
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </form>
  );
}

const ranges: [string, string][] = [
  ['15m', 'Last 15 minutes'],
  ['1h', 'Last hour'],
  ['6h', 'Last 6 hours'],
  ['1d', 'Last day'],
  ['3d', 'Last 3 days'],
  ['7d', 'Last 7 days'],
  ['14d', 'Last 14 days'],
];

/** How far back; `of` what a list looks at without a beginning. */
export function RangePicker({
  search,
  onChange,
  unset,
}: Pick<FiltersProps, 'search' | 'onChange'> & { unset: string }) {
  const { since = '', until } = search;
  const isNamed = since === '' || ranges.some(([range]) => range === since);
  return (
    <>
      <select
        aria-label="Time"
        className={since === '' ? 'filter' : 'filter set'}
        value={since}
        onChange={({ target }) => onChange({ since: target.value === '' ? undefined : target.value, until: undefined })}
      >
        <option value="">{unset}</option>
        {!isNamed && <option value={since}>since {visible(since)}</option>}
        {ranges.map(([range, label]) => (
          <option key={range} value={range}>
            {label}
          </option>
        ))}
      </select>
      {until !== undefined && (
        <button type="button" className="filter set" onClick={() => onChange({ until: undefined })} title="Take it out">
          until {until} ×
        </button>
      )}
    </>
  );
}
