import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { readResources } from '../../../infra/local/stack-resources.ts';
import { developmentStack, temporaryFolder } from '../assembly.ts';
import { bundleBaseline } from '../bundle.ts';
import { functionOf } from '../counted-pipeline.ts';
import type { Figure, Section } from '../figure.ts';
import { median } from '../measure.ts';

const kilobyte = 1000;
const importsPerBundle = 7;

const functions = [
  { construct: 'Ingest', name: 'ingest', kilobytesMax: 480, importMsMax: 80 },
  { construct: 'Processor', name: 'processor', kilobytesMax: 600, importMsMax: 80 },
  { construct: 'WorkflowTrigger', name: 'workflow-trigger', kilobytesMax: 600 },
  { construct: 'DeadLetter', name: 'dead-letter' },
  { construct: 'Api', name: 'api', kilobytesMax: 600 },
];

/** How much a cold start has to load, and how long that takes. */
export const bundles: Section = {
  name: 'bundles',
  about: 'size and cold import of the bundles that would be deployed',
  async measure(say) {
    const stack = await developmentStack(say);
    const resources = readResources(stack, {
      queueUrl: (name) => `https://sqs.invalid/${name}`,
      gatewayUrl: 'https://api.invalid',
    });
    const baselineFile = await bundleBaseline('sdk-only-handler', temporaryFolder());
    const bundles = functions.map((one) => ({ ...one, ...functionOf(resources, one.construct), name: one.name }));
    const baselineVariables = bundles[0]?.variables ?? {};

    say(`importing each bundle in ${importsPerBundle} fresh processes`);
    const imports = new Map<string, Import[]>();
    for (let round = 0; round < importsPerBundle; round++) {
      for (const { file, variables } of [{ file: baselineFile, variables: baselineVariables }, ...bundles]) {
        imports.set(file, [...(imports.get(file) ?? []), importInFreshProcess(file, variables)]);
      }
    }
    const kilobytesOf = (file: string) => statSync(file).size / kilobyte;
    const medianOf = (file: string, time: keyof Import) => median((imports.get(file) ?? []).map((one) => one[time]));
    const what = 'a handler with nothing but SDK clients';
    return bundles.flatMap(({ name, file, kilobytesMax, importMsMax }): Figure[] => [
      {
        name: `${name}: bundle, minified`,
        measured: kilobytesOf(file),
        unit: 'KB',
        ...(kilobytesMax !== undefined && { bound: { atMost: kilobytesMax } }),
        baseline: { what, measured: kilobytesOf(baselineFile) },
      },
      {
        name: `${name}: cold import`,
        measured: medianOf(file, 'elapsedMs'),
        unit: 'ms',
        ...(importMsMax !== undefined && { bound: { atMost: importMsMax } }),
        baseline: { what, measured: medianOf(baselineFile, 'elapsedMs') },
      },
      {
        name: `${name}: cold import, processor time`,
        measured: medianOf(file, 'processorMs'),
        unit: 'ms',
        baseline: { what, measured: medianOf(baselineFile, 'processorMs') },
        note: 'of all threads of the process, so it can exceed the elapsed time; what else the machine does hardly shows in it',
      },
    ]);
  },
};

type Import = { elapsedMs: number; processorMs: number };

/** From the start of the import to its end, in a process with the function's own variables. */
function importInFreshProcess(file: string, variables: Record<string, string>): Import {
  const script = `
    const before = process.cpuUsage();
    const startedMs = performance.now();
    await import(${JSON.stringify(pathToFileURL(file).href)});
    const elapsedMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ elapsedMs, processorMs: (user + system) / 1000 }));`;
  const env = { PATH: process.env.PATH, AWS_REGION: 'us-east-1', ...variables };
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { env }).toString());
}
