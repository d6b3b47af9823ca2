import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equivalent } from '../src/grading/equivalence.js';
import { countVotes } from '../src/rl/vote.js';

/**
 * The speed of grading: `rzero grade` over a file of simple pairs, start and JSON included; each kind of pair by itself in
 * this process; and the vote of 1024 answers.
 *
 *   npm run bench:grade
 */
const PAIR_COUNT = 100_000;
const SECONDS = 0.5;

type Pair = readonly [gold: string, answer: string];

const KINDS: Readonly<Record<string, (i: number) => Pair>> = {
  'integers (42, 43)': (i) => [String(i), String(i + (i % 2))],
  'fractions (\\frac{3}{7}, 3/7)': (i) => [`\\frac{${i}}{7}`, `${i + (i % 2)}/7`],
  'typeset numbers (5.5, $5.50$)': (i) => [`${i}.5`, `$${i}.50$`],
  'with units (5, 5\\text{ cm})': (i) => [String(i), `${i}\\text{ cm}`],
  'options (B, (B))': (i) => ['B', i % 2 === 0 ? '(B)' : '(C)'],
  'polynomials (x^2+5x, x(x+5))': (i) => [`x^2+${i}x`, `x(x+${i + (i % 2)})`],
  'functions (\\sin 2x, 2\\sin x\\cos x)': (i) => [`\\sin ${2 * i}x`, `2\\sin ${i}x\\cos ${i}x`],
};
const SIMPLE = [
  'integers (42, 43)',
  'fractions (\\frac{3}{7}, 3/7)',
  'typeset numbers (5.5, $5.50$)',
  'options (B, (B))',
];

process.stdout.write(`${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}\n`);
process.stdout.write(`rzero grade, ${PAIR_COUNT} simple pairs: ${thousands(commandRate())} pairs/s\n`);
for (const [name, pairOf] of Object.entries(KINDS))
  process.stdout.write(`${name}: ${thousands(rateOf(pairOf))} pairs/s\n`);
for (const [name, pairOf] of Object.entries(KINDS)) {
  const answers = Array.from({ length: 1024 }, (_, i) => pairOf(i)[1]);
  const startedMs = performance.now();
  const { groups } = countVotes(answers);
  process.stdout.write(
    `vote of 1024, ${name}: ${(performance.now() - startedMs).toFixed(0)} ms, ${groups.length} groups\n`,
  );
}

/** Pairs a second of the whole command. */
function commandRate(): number {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-bench-'));
  const file = join(folder, 'pairs.jsonl');
  const kinds = SIMPLE.flatMap((name) => KINDS[name] ?? []);
  const lines = Array.from({ length: PAIR_COUNT }, (_, i) => {
    const [gold, answer] = kinds[i % kinds.length]?.(i) ?? ['', ''];
    return JSON.stringify({ gold, answer });
  });
  writeFileSync(file, lines.join('\n'));
  const startedMs = performance.now();
  const main = fileURLToPath(new URL('../bin/main.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [main, 'grade', '--in', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error('rzero grade failed');
  return (1000 * PAIR_COUNT) / (performance.now() - startedMs);
}

function rateOf(pairOf: (i: number) => Pair): number {
  const startedMs = performance.now();
  let count = 0;
  for (; performance.now() - startedMs < 1000 * SECONDS; count++) equivalent(...pairOf(count % 5000));
  return (1000 * count) / (performance.now() - startedMs);
}

function thousands(value: number): string {
  return value >= 10_000 ? `${Math.round(value / 1000)} k` : `${(value / 1000).toFixed(1)} k`;
}
