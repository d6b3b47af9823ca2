import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * Folders are layers and arrows go down. This reads every import of the program and fails on one that is not listed.
 * To allow a new arrow, add it here, and look at what it does to the picture: the tables have no circles.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url)); // from dist/test

/** Which folders a folder may import from, beside itself. Machines and storage do not know each other. */
const ARROWS = {
  bin: ['actors', 'machines', 'storage', 'src'],
  actors: ['machines', 'storage', 'src'],
  machines: ['src'],
  storage: ['src'],
  src: [],
} as const satisfies Record<string, readonly string[]>;
type Layer = keyof typeof ARROWS;
const LAYERS = Object.keys(ARROWS) as readonly Layer[];

/** The same inside src, where `.` are its own files: errors, random, config, presets. */
const SRC_ARROWS: Readonly<Record<string, readonly string[]>> = {
  '.': [],
  graph: ['.'],
  grading: ['.'],
  rl: ['.', 'grading'],
  lm: ['.', 'graph', 'grading', 'rl'],
  export: ['.', 'graph', 'lm'],
  remote: ['.', 'grading', 'lm', 'export'],
  workers: ['.', 'graph', 'grading', 'rl', 'lm'],
  policies: ['.', 'graph', 'grading', 'rl', 'lm', 'workers', 'remote'],
  pretraining: ['.', 'grading', 'rl', 'lm', 'workers', 'policies'],
  benchmarks: ['.', 'grading', 'rl', 'pretraining'],
  finetuning: ['.', 'rl', 'lm', 'benchmarks', 'workers', 'policies'],
};

/** Packages that only one layer may know. */
const PACKAGE_LAYERS: Readonly<Record<string, readonly Layer[]>> = {
  commander: ['bin'],
  'log-update': ['bin'],
  protobufjs: ['bin'],
  '@opentelemetry/api': ['bin'],
  'string-width': ['bin'],
  'cli-table3': ['bin'],
  picocolors: ['bin'],
  hono: ['bin'],
  '@hono/node-server': ['bin'],
  '@statelyai/inspect': ['bin'],
  ws: ['bin'],
  uplot: ['bin'],
  open: ['bin'],
  xstate: ['actors', 'machines'],
  'better-sqlite3': ['storage', 'bin'],
  piscina: ['src'],
  'onnxruntime-node': ['src', 'bin'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  /** `import type`: gone when it runs. */
  readonly typeOnly: boolean;
}

const FILES = LAYERS.flatMap((layer) => sourceFiles(layer));
const IMPORTS = FILES.flatMap(importsOf);
const INTERNAL = IMPORTS.filter(({ to }) => !to.includes(':') && LAYERS.some((layer) => to.startsWith(`${layer}/`)));
const PACKAGES = IMPORTS.filter(({ to }) => to.startsWith('package:'));

test('the reader of imports finds some in each layer that has files, static and dynamic', () => {
  for (const layer of LAYERS) {
    const count = FILES.filter((file) => layerOf(file) === layer).length;
    if (count > 0)
      assert.ok(
        IMPORTS.some(({ from }) => layerOf(from) === layer),
        layer,
      );
  }
  assert.ok(IMPORTS.some(({ from, to }) => from === 'bin/commands/run.ts' && to === 'actors/run.ts'));
});

test('an arrow between layers goes down', () => {
  const wrong = INTERNAL.filter(({ from, to }) => {
    const [lower, upper] = [layerOf(to), layerOf(from)];
    return lower !== upper && !(ARROWS[upper] as readonly string[]).includes(lower);
  });
  assert.deepEqual(wrong.map(describe), []);
});

test('machines and storage know only the types of src, and its errors', () => {
  const wrong = INTERNAL.filter(({ from, to, typeOnly }) => {
    const knowsLittle = layerOf(from) === 'machines' || layerOf(from) === 'storage';
    return knowsLittle && layerOf(to) === 'src' && to !== 'src/errors.ts' && !typeOnly;
  });
  assert.deepEqual(wrong.map(describe), []);
});

test('what runs in a browser imports only its like, and types', () => {
  const wrong = INTERNAL.filter(
    ({ from, to, typeOnly }) => from.startsWith('bin/page/') && !to.startsWith('bin/page/') && !typeOnly,
  );
  assert.deepEqual(wrong.map(describe), []);
});

test('inside src, an arrow between folders goes down', () => {
  const wrong = INTERNAL.filter(({ from, to }) => {
    if (layerOf(from) !== 'src' || layerOf(to) !== 'src') return false;
    const [upper, lower] = [partOfSrc(from), partOfSrc(to)];
    return upper !== lower && !(SRC_ARROWS[upper] ?? []).includes(lower);
  });
  assert.deepEqual(wrong.map(describe), []);
});

test('every folder of src has its place among the arrows', () => {
  const parts = new Set(FILES.filter((file) => layerOf(file) === 'src').map(partOfSrc));
  assert.deepEqual(
    [...parts].filter((part) => !(part in SRC_ARROWS)),
    [],
  );
});

test('a package that belongs to one layer is not imported by another', () => {
  const wrong = PACKAGES.filter(({ from, to }) => {
    const layers = PACKAGE_LAYERS[to.slice('package:'.length)];
    return layers !== undefined && !layers.includes(layerOf(from));
  });
  assert.deepEqual(wrong.map(describe), []);
});

test('every package that is imported is a dependency', () => {
  const content = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  const wrong = PACKAGES.filter(({ to }) => !(to.slice('package:'.length) in content.dependencies));
  assert.deepEqual(wrong.map(describe), []);
});

test('every import of our own names a file that is there, with its ending', () => {
  const isThere = (file: string): boolean => existsSync(join(ROOT, file));
  const wrong = INTERNAL.filter(({ to }) => !isThere(to) && !isThere(to.replace(/\.ts$/, '.d.ts')));
  assert.deepEqual(wrong.map(describe), []);
});

/** What decides how the policies learn: the roles, their charts, and the science of training. */
const LEARNING = FILES.filter(
  (file) =>
    /^(machines|src\/(rl|lm|policies|workers))\//.test(file) ||
    /^actors\/(challenger|solver|evaluator|policy-keeper|recorder|step-record|vote-record)\.ts$/.test(file),
);
/** What knows whether a pseudo-label is right: by computing it, by asking a judge, or by reading what was kept of either. */
const ORACLE = [
  'src/grading/oracle.ts',
  'src/remote/judge.ts',
  'actors/exact-labels.ts',
  'actors/judge-round.ts',
  'actors/judge-server.ts',
  'actors/label-judge.ts',
  'storage/labels.ts',
  'storage/question-details.ts',
  'storage/solver-groups.ts',
  'storage/label-oracles.ts',
  'storage/verdicts.ts',
  'storage/iterations.ts',
  'storage/curriculum.ts',
] as const;
/** Makes the tables and views, and reads none. */
const SCHEMA = /^storage\/(views|migrate|migrations\/.*)\.ts$/;

test('nothing that trains can reach an oracle, by whatever chain of imports', () => {
  for (const file of ORACLE) assert.ok(FILES.includes(file), file);
  const reached = reachedFrom(LEARNING);
  assert.ok(reached.has('storage/votes.ts') && reached.size > LEARNING.length, 'the walk goes somewhere');
  assert.deepEqual(
    ORACLE.filter((file) => reached.has(file)),
    [],
  );
});

test('nothing that trains reads a column in which an oracle has written', () => {
  const reads = (file: string): boolean =>
    /oracle_answer|label_correct|label_accuracy|verdict_id|(?:FROM|JOIN) verdicts|SELECT (?:\w\.)?\*\s+FROM (?:curriculum|votes|iteration_summary|solver_groups)/i.test(
      code(file),
    );
  assert.ok(ORACLE.filter(reads).length > 2, 'what reads them is found');
  const reading = [...reachedFrom(LEARNING)].filter((file) => !SCHEMA.test(file) && reads(file));
  assert.deepEqual(reading, []);
});

test('src neither prints nor reads the command line or the environment', () => {
  const wrong = FILES.filter((file) => layerOf(file) === 'src').filter((file) =>
    /\bprocess\.(argv|env|stdin|stdout|stderr|exit)\b|\bconsole\./.test(code(file)),
  );
  assert.deepEqual(wrong, []);
});

test('a chart never waits', () => {
  const wrong = FILES.filter((file) => layerOf(file) === 'machines' && /\bawait\b/.test(code(file)));
  assert.deepEqual(wrong, []);
});

function sourceFiles(folder: string): readonly string[] {
  const top = join(ROOT, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** The files, and all that they import when they run, directly or not. */
function reachedFrom(files: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>(files);
  for (const file of reached) {
    for (const { from, to, typeOnly } of INTERNAL) if (from === file && !typeOnly) reached.add(to); // grows the walk
  }
  return reached;
}

/** Every import and re-export of a file. Own files by their path from the root, others as `package:` or `node:`. */
function importsOf(file: string): readonly Import[] {
  const pattern =
    /\b(?:import|export)\s+(?<type>type\s)?(?:[\w*{}\s,$]+?\sfrom\s*)?['"](?<static>[^'"]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"]+)['"]/g;
  return [...code(file).matchAll(pattern)].map(({ groups = {} }) => ({
    from: file,
    to: target(file, groups['static'] ?? groups['dynamic'] ?? ''),
    typeOnly: groups['type'] !== undefined,
  }));
}

function target(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(dirname(file), specifier).replace(/\.js$/, '.ts');
  if (specifier.startsWith('node:')) return specifier;
  return `package:${specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')}`;
}

/** A file without its comments. A `//` inside a string would cut that line, which hides nothing that is looked for. */
function code(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '');
}

function layerOf(file: string): Layer {
  const layer = LAYERS.find((each) => file.startsWith(`${each}/`));
  assert.ok(layer, file);
  return layer;
}

function partOfSrc(file: string): string {
  const [, part, ...rest] = file.split('/');
  return rest.length === 0 || part === undefined ? '.' : part;
}

function describe({ from, to }: Import): string {
  return `${from} → ${to}`;
}
