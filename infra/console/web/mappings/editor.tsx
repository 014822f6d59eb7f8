import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { search, searchKeymap } from '@codemirror/search';
import { type Text as Doc, EditorState, type Extension, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { useEffect, useImperativeHandle, useRef } from 'react';
import { completionsAt, type Words } from './completions.ts';
import { editorTheme } from './editor-theme.ts';
import { pathInserted, scalar } from './insert-path.ts';

export type EditorHandle = {
  /** Another text in place of all; the editor's undo brings the old one back. */
  replace(text: string): void;
  /** Puts a path at the cursor. False: none can stand there. */
  insertPath(path: string): boolean;
  goTo(line: number, column?: number): void;
};

type Problem = { severity: 'error' | 'warning'; line?: number; column?: number; path: string; message: string };

export type EditorProps = {
  ref: React.Ref<EditorHandle>;
  /** At the beginning; later texts come by the handle. */
  text: string;
  /** The line to begin at. */
  line: number;
  label: string;
  onChange(text: string): void;
  onLine(line: number): void;
  onSave(): void;
  /** What is wrong with a text. */
  checked: { text: string; problems: readonly Problem[] } | undefined;
  /** The lines of the mapping that is shown beside. */
  lines: { from: number; to: number } | undefined;
  words: Words | undefined;
};

/**
 * A YAML file in CodeMirror. It is in a shadow root, where its styles are sheets that a strict content
 * security policy allows; in the page itself they would be elements.
 */
export default function Editor({ ref, label, ...props }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const current = useRef(props);
  current.current = props;
  useEffect(() => {
    if (host.current === null) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const { text, line } = current.current;
    const made = new EditorView({ root, parent: root, state: stateOf(text, label, current) });
    view.current = made;
    goTo(made, line);
    return () => {
      view.current = null;
      made.destroy();
    };
  }, [label]);
  useImperativeHandle(ref, () => ({
    replace(text) {
      if (view.current === null) return;
      // Line breaks of another kind are those of another document.
      if (isCrlf(text) === (view.current.state.lineBreak === '\r\n')) return replaceAll(view.current, text);
      view.current.setState(stateOf(text, label, current));
      current.current.onChange(text);
    },
    insertPath: (path) => view.current !== null && insertPath(view.current, path),
    goTo: (line, column) => view.current !== null && goTo(view.current, line, column),
  }));
  const { checked, lines } = props;
  useEffect(() => {
    const { state } = view.current ?? {};
    // Of an older text the places are those of the editor, which moves them along.
    if (state === undefined || checked === undefined || state.sliceDoc() !== checked.text) return;
    view.current?.dispatch(
      setDiagnostics(
        state,
        checked.problems.map((problem) => diagnosticOf(state.doc, problem)),
      ),
    );
    // The list of problems below takes room: what is being written stays in sight.
    const frame = requestAnimationFrame(() => {
      if (view.current?.hasFocus)
        view.current.dispatch({ effects: EditorView.scrollIntoView(view.current.state.selection.main) });
    });
    return () => cancelAnimationFrame(frame);
  }, [checked]);
  const { from, to } = lines ?? {};
  useEffect(() => {
    view.current?.dispatch({
      effects: showLines.of(from === undefined || to === undefined ? undefined : { from, to }),
    });
  }, [from, to]);
  return <div className="editor" ref={host} />;
}

type Current = React.RefObject<Omit<EditorProps, 'ref' | 'label'>>;

function stateOf(text: string, label: string, current: Current): EditorState {
  const onUpdate = EditorView.updateListener.of(({ docChanged, selectionSet, state }) => {
    if (docChanged) current.current.onChange(state.sliceDoc());
    if (docChanged || selectionSet) current.current.onLine(state.doc.lineAt(state.selection.main.head).number);
  });
  const save = () => {
    current.current.onSave();
    return true;
  };
  const extensions: Extension[] = [
    // One line break for all of a file: what it does not name stays as it is, to the byte.
    EditorState.lineSeparator.of(isCrlf(text) ? '\r\n' : '\n'),
    lineNumbers(),
    lintGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    indentUnit.of('  '),
    indentOnInput(),
    bracketMatching(),
    yaml(),
    autocompletion({ override: [(context) => complete(context, current.current.words)], icons: false }),
    search({ top: true }),
    shownLines,
    editorTheme,
    typeOver,
    // Escape, then Tab leaves the editor; CodeMirror sees to it.
    keymap.of([
      { key: 'Mod-s', run: save, preventDefault: true },
      ...defaultKeymap,
      ...historyKeymap,
      ...searchKeymap,
      indentWithTab,
    ]),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
    onUpdate,
  ];
  return EditorState.create({ doc: text, extensions });
}

/**
 * Puts what is typed in place of what is selected. A browser that did so by itself would keep the look of the old text
 * with styles on elements, which the page's policy refuses.
 */
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, data, isComposing } = event;
    const { state } = view;
    if (!event.cancelable || isComposing || state.selection.ranges.every(({ empty }) => empty)) return false;
    if (inputType === 'insertText' && data !== null) {
      view.dispatch({ ...state.replaceSelection(data), userEvent: 'input.type', scrollIntoView: true });
      return true;
    }
    if (!inputType.startsWith('delete')) return false;
    view.dispatch({ ...state.replaceSelection(''), userEvent: 'delete.selection', scrollIntoView: true });
    return true;
  },
});

const isCrlf = (text: string) => text.includes('\r\n') && !/(^|[^\r])\n/.test(text);

function complete(context: CompletionContext, words: Words | undefined): CompletionResult | null {
  const { state, pos, explicit } = context;
  if (words === undefined || (!explicit && !/[\w./["-]$/.test(state.sliceDoc(Math.max(0, pos - 1), pos)))) return null;
  const found = completionsAt(state.doc.toString(), pos, words);
  if (found === undefined || found.from > pos) return null;
  const { place, options, from } = found;
  const rest = state.doc.lineAt(pos).text.slice(pos - state.doc.lineAt(pos).from);
  return {
    from,
    options: options.map(({ label, kind, detail, info }) => ({
      label,
      apply:
        kind === 'path' ? scalar(label, place.isFlow) : kind === 'name' && !/^\s*:/.test(rest) ? `${label}: ` : label,
      ...(detail !== undefined && { detail }),
      ...(info !== undefined && { info }),
    })),
    validFor: /^[\w./-]*$/,
  };
}

/** Only what differs, so that the cursor and what is folded stay. */
function replaceAll(view: EditorView, text: string): void {
  const doc = view.state.toText(text);
  const [before, after] = [view.state.doc.toString(), doc.toString()];
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  view.dispatch({
    changes: { from: start, to: before.length - end, insert: after.slice(start, after.length - end) },
    // Undone alone, however soon it comes after a key.
    annotations: isolateHistory.of('full'),
  });
}

function insertPath(view: EditorView, path: string): boolean {
  const { from, to } = view.state.selection.main;
  const change = pathInserted(view.state.doc.toString(), { from, to }, path);
  if (change === undefined) return false;
  const { cursor, ...changes } = change;
  view.dispatch({ changes, selection: { anchor: cursor }, scrollIntoView: true, userEvent: 'input.path' });
  view.focus();
  return true;
}

function goTo(view: EditorView, line: number, column = 1): void {
  const { doc } = view.state;
  const { from, length } = doc.line(Math.min(Math.max(1, line), doc.lines));
  const anchor = from + Math.min(column - 1, length);
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'start', yMargin: 60 }) });
}

function diagnosticOf(doc: Doc, { severity, line = 1, column = 1, path, message }: Problem): Diagnostic {
  const at = doc.line(Math.min(Math.max(1, line), doc.lines));
  const from = at.from + Math.min(Math.max(1, column) - 1, at.length);
  const word = /^(?:"[^"]*"|'[^']*'|[^\s:]+)/.exec(at.text.slice(from - at.from))?.[0].length ?? 0;
  return { from, to: from + word, severity, message: path === '' ? message : `${path} ${message}` };
}

const showLines = StateEffect.define<{ from: number; to: number } | undefined>();

const shownLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(showLines)) continue;
      const { doc } = transaction.state;
      const { from = 1, to = 0 } = effect.value ?? {};
      const lines = Array.from({ length: Math.max(0, Math.min(to, doc.lines) - from + 1) }, (_, i) =>
        doc.line(from + i),
      );
      next = Decoration.set(lines.map((line) => shownLine.range(line.from)));
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const shownLine = Decoration.line({ class: 'cm-shown' });
