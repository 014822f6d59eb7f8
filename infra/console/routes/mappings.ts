import { Hono } from 'hono';
import * as z from 'zod';
import { listEventTypes } from '../../../shared/adapters/dynamodb-seen-registry.ts';
import { actions } from '../../../shared/core/actions/index.ts';
import { eventIdTimeMs } from '../../../shared/core/ids/event-id.ts';
import { ResourceKey } from '../../../shared/core/ids/resource-key.ts';
import { own } from '../../../shared/core/json/values.ts';
import { factsOf } from '../../../shared/core/mappings/action-facts.ts';
import { readConfigurationFiles } from '../../../shared/operations/configuration/files/configuration-files.ts';
import { fileSchemas } from '../../../shared/operations/configuration/files/file-schemas.ts';
import { chosenEvent } from '../../../shared/operations/mappings/editor/chosen-event.ts';
import { compareText } from '../../../shared/operations/mappings/editor/compare-text.ts';
import { eventTree } from '../../../shared/operations/mappings/editor/event-tree.ts';
import {
  fileOfMapping,
  mappingFileKinds,
  readMappingFile,
  textLengthMax,
} from '../../../shared/operations/mappings/editor/mapping-file.ts';
import { withLiveMapping, withNewMapping } from '../../../shared/operations/mappings/editor/mapping-text.ts';
import { readChosenEvent } from '../../../shared/operations/mappings/editor/read-chosen-event.ts';
import { saveText } from '../../../shared/operations/mappings/editor/save-text.ts';
import { tryText } from '../../../shared/operations/mappings/editor/try-text.ts';
import { suggestWithWorkflow } from '../../../shared/operations/mappings/workflows-missing.ts';
import { failure } from '../../../shared/operations/refusal.ts';
import { readSources } from '../../../shared/operations/sources/known-sources.ts';
import { iso } from '../../../shared/operations/words/iso.ts';
import type { ConsoleContext, ConsoleEnv } from '../context.ts';
import { body, query, text } from '../input.ts';
import { writesFiles } from '../writes-files.ts';

const file = z.strictObject({ kind: z.enum(mappingFileKinds), key: text });
const written = z.string().max(textLengthMax, `has at most ${textLengthMax / 1024} K characters`);
const Edited = z.strictObject({
  file,
  text: written,
  /** Workflows that get a file with the text, if it starts them and they have none. */
  adds: z.array(ResourceKey).max(20).default([]),
});
const choice = { source: text, type: z.string().max(2_048).default(''), event: text.optional() };

const actionIds = actions.map(({ id }) => id) as [string, ...string[]];

/** The mapping editor: the files of the checkout, and what a text would do before it is saved. */
export const mappings = new Hono<ConsoleEnv>()
  /** The file that holds a mapping, as it is on disk. */
  .get('/text', query(z.strictObject({ source: text, id: text })), (c) => {
    const directory = directoryOf(c.var.context);
    const { source, id } = c.req.valid('query');
    const { ref, event } = fileOfMapping(directory, source, id);
    return c.json({ file: readMappingFile(directory, ref), id, event });
  })
  /** The same file again: someone may write it with an editor of their own. */
  .get('/file', query(file), (c) => c.json(readMappingFile(directoryOf(c.var.context), c.req.valid('query'))))
  /** The text of a source's file with one mapping more, made from an event. Nothing is written. */
  .post('/new/dry-run', body(z.strictObject({ ...choice, action: z.enum(actionIds).optional() })), async (c) => {
    const directory = directoryOf(c.var.context);
    const { action, ...chosen } = c.req.valid('json');
    const onDisk = readMappingFile(directory, { kind: 'sources', key: chosen.source });
    const { event, candidate, live } = await readChosenEvent(c.var.environment, directory, chosen, Date.now());
    const { snapshot } = candidate;
    const asked = { event, source: chosen.source, action, snapshot };
    const { mapping, notes, adds } = suggestWithWorkflow(asked, live.snapshot);
    const type = chosen.type === '' ? mapping.event : chosen.type;
    return c.json({
      file: onDisk,
      text: withNewMapping(onDisk.text, { ...mapping, event: type }),
      id: mapping.id,
      event: type,
      notes,
      adds,
    });
  })
  /** The event that a text is tried with, as mappings read it. */
  .get('/event', query(z.strictObject(choice)), async (c) => {
    const { environment, context } = c.var;
    const chosen = c.req.valid('query');
    const { event, raw, isStored } = await readChosenEvent(environment, directoryOf(context), chosen, Date.now());
    const id = isStored ? raw.id : null;
    return c.json({ id, type: event.eventType, received_at: iso(eventIdTimeMs(raw.id)), nodes: eventTree(event) });
  })
  /** What is wrong with a text, and what would become of the event by it. */
  .post('/try/dry-run', body(Edited.extend(choice)), async (c) => {
    const { environment, context } = c.var;
    const { file, text, adds, ...chosen } = c.req.valid('json');
    const nowMs = Date.now();
    const { live, known } = await readSources(environment);
    const asked = { environment, live, directory: directoryOf(context), file, text, adds, nowMs };
    return c.json(
      await tryText(asked, async ({ snapshot }) => {
        // The page asks anew at each pause and drops what it asked before.
        if (c.req.raw.signal.aborted) return undefined;
        return chosenEvent(environment, known, chosen, { file: own(snapshot.sources, chosen.source), nowMs });
      }),
    );
  })
  /** What a text would change for the last events of a type. */
  .post('/compare/dry-run', body(Edited.extend({ source: text, type: text })), async (c) => {
    const { environment, context } = c.var;
    const { source: key, type, ...edited } = c.req.valid('json');
    const { live, known } = await readSources(environment);
    const asked = { environment, live, directory: directoryOf(context), ...edited, nowMs: Date.now() };
    // No event came yet from a source that is in files alone.
    const source = known.find((one) => one.key === key) ?? { key, shards: environment.outputs.LogShards };
    const compared = await compareText(asked, { source, type, isGone: () => c.req.raw.signal.aborted });
    return c.json(compared ?? null);
  })
  /** A text in which one mapping is as it is live. Nothing is written. */
  .post('/as-live/dry-run', body(Edited.omit({ adds: true }).extend({ source: text, id: text })), async (c) => {
    const { file, text, source, id } = c.req.valid('json');
    const { live } = await readSources(c.var.environment);
    return c.json({ text: withLiveMapping(file, text, { source, id }, live.snapshot) });
  })
  /** Writes the file. The draft is pushed from it, as from every other change of the files. */
  .post('/save', writesFiles, body(Edited.extend({ seen: text })), (c) => {
    const { seen, ...edited } = c.req.valid('json');
    return c.json(saveText({ directory: directoryOf(c.var.context), ...edited }, seen));
  })
  /** For completion: the schemas that other editors use, and the names that exist here. */
  .get('/words', query(z.strictObject({ source: text })), async (c) => {
    const { environment, context } = c.var;
    const { source: ofSource, workflow: ofWorkflow } = fileSchemas();
    const { snapshot } = readConfigurationFiles(directoryOf(context));
    const seen = await listEventTypes(environment.configuration, c.req.valid('query').source);
    const naming = actions.flatMap(({ id }) => {
      const { names } = factsOf(id);
      return names === undefined ? [] : [{ action: id, parameter: names.parameter, type: names.type }];
    });
    return c.json({
      schemas: { sources: ofSource, workflows: ofWorkflow },
      sources: Object.keys(snapshot.sources),
      workflows: Object.keys(snapshot.workflows),
      audiences: Object.keys(snapshot.audiences),
      event_types: seen.map(({ eventType }) => eventType),
      naming,
    });
  });

function directoryOf({ checkout }: ConsoleContext): string {
  if (checkout === undefined)
    throw failure(
      'this console was started without configuration files',
      'start it in a checkout: npx signalbox console --dir FOLDER',
    );
  return checkout.directory;
}
