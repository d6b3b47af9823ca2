import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SHAPES } from '../../src/lm/shapes.js';
import { stream } from '../../src/random.js';
import { shapeFlag } from '../shape-flag.js';
import { agreement, agrees, TOLERANCE } from './agreement.js';
import { keepAwake } from './awake.js';
import { type EngineEntry, type Found, PEERS, RZERO } from './engines.js';
import type { Agreed, Job, Settings } from './job.js';
import { makeModelFiles } from './model-files.js';
import { agree, busySeconds, type Measurement, measure } from './processes.js';
import { type EngineReport, type Report, reportText, workloadReport } from './report.js';
import { randomSequences, type Workload, workloads } from './workload.js';

/**
 * rzero's decoding and training beside its peers', on the same weights and prompts, in the same run:
 *
 *   npm run bench:peers -- --shape prototype --rounds 5
 *   npm run bench:peers -- --shape qwen3-0.6b --rounds 3 --json
 *
 * - Peers are PyTorch (where Debian's python3 has it), llama.cpp by node-llama-cpp, and transformers.js; the last two are
 *   installed from npm into `--folder`, where the model files are made too. A peer that can't be had is reported.
 * - First each peer must agree with rzero: the same log-probabilities of rzero's greedy continuations, within 1e-3.
 * - Then a short search finds each peer's best settings; rzero has what `rzero run` has.
 * - Then rounds: every engine once in each, in turn, in processes of its own, and never two at a time. What is measured
 *   begins after loading and a warm-up. A ratio is of two measurements of the same round.
 * - Left out: sampled log-probabilities, which rzero and PyTorch give and the others do not; gradients' exchange between
 *   PyTorch's two training processes; llama.cpp's key-value cache and attention are in half precision where the search liked that
 *   better (it agrees within 1e-5 in single precision, which is what is checked, and within 1e-2 in half).
 * - llama.cpp's threads wait for each other in busy loops: with another program on one of the cores it falls to a
 *   hundredth. So each measurement waits for a quiet machine, and tells how many cores were busy with something else.
 *   On a virtual machine that packs threads on few cores, engines with several threads a process need `--awake`.
 */
const { values: flags } = parseArgs({
  options: {
    shape: { type: 'string', default: 'prototype' },
    rounds: { type: 'string', default: '5' },
    /** The workload is repeated for so long in each measurement. */
    seconds: { type: 'string', default: '2' },
    threads: { type: 'string', default: `${Math.min(2, availableParallelism())}` },
    /** Only these peers, by name. */
    peer: { type: 'string', multiple: true, default: [] },
    /** Only these workloads, by label. */
    workload: { type: 'string', multiple: true, default: [] },
    folder: { type: 'string', default: 'runs/peers' },
    /** How long to wait for a quiet machine before each measurement. */
    patience: { type: 'string', default: '15' },
    /** Against virtual machines that pack threads on few cores, see `awake.ts`. */
    awake: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

/** More cores than this busy with something else, and a measurement is made again, so many times in all. */
const [QUIET_CORES, ATTEMPTS] = [0.15, 3];

/** Of one measurement, loading included: the search passes over a setting that is so slow. */
const LIMIT_MS = { search: 60_000, round: 1_200_000 } as const;

interface Contestant {
  readonly entry: EngineEntry;
  readonly found: Found;
}

const shape = shapeFlag(flags.shape);
const [config, cores, rounds] = [SHAPES[shape], Number(flags.threads), Number(flags.rounds)];
const modelFolder = join(flags.folder, 'models', shape);
const awake = flags.awake ? keepAwake(availableParallelism()) : null;
const report = await compare().finally(() => awake?.end());
process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : reportText(report));

async function compare(): Promise<Report> {
  say(`making the model's files in ${modelFolder}`);
  makeModelFiles(modelFolder, config);
  const chosen = workloads(shape).filter(({ label }) => flags.workload.length === 0 || flags.workload.includes(label));
  const { contestants, absent, agreements } = await gather(chosen);
  const reports = new Map(contestants.map((contestant) => [contestant, [] as EngineReport['results'][number][]]));
  for (const workload of chosen) {
    const able = contestants.filter(({ entry }) => entry.tasks.includes(workload.task));
    const best = new Map<Contestant, Settings>();
    for (const contestant of able) best.set(contestant, await bestSettings(contestant, workload));
    const measured = new Map(able.map((contestant) => [contestant, [] as Measurement[]]));
    for (let round = 1; round <= rounds; round++) {
      for (const [contestant, settings] of best) {
        const result = await quietly(
          contestant,
          job(contestant, workload, settings, Number(flags.seconds)),
          LIMIT_MS.round,
        );
        measured.get(contestant)?.push(result);
        say(
          `${workload.label}, round ${round}: ${contestant.entry.name} ${result.tokensPerSecond.toFixed(1)} tokens/s`,
        );
      }
    }
    const [ours = []] = measured.values();
    for (const [contestant, own] of measured)
      reports.get(contestant)?.push(workloadReport(workload, best.get(contestant) as Settings, own, ours));
  }
  const engines = contestants.map((contestant) => ({
    name: contestant.entry.name,
    version: contestant.found.version,
    agreement: agreements.get(contestant) ?? null,
    results: reports.get(contestant) ?? [],
  }));
  return {
    shape,
    machine: `${cores} threads of ${cpus()[0]?.model.trim()}${flags.awake ? ', kept awake' : ''}, Node ${process.version}`,
    engines,
    absent,
  };
}

/** rzero and the peers that are there and agree with it. */
async function gather(chosen: readonly Workload[]) {
  const large = chosen.some((workload) => workload.large);
  const absent: Record<string, string> = {};
  const rzero: Contestant = { entry: RZERO, found: RZERO.find(flags.folder) as Found };
  const contestants = [rzero];
  const agreements = new Map<Contestant, ReturnType<typeof agreement>>();
  const [ask] = chosen;
  if (ask === undefined) throw new Error(`no workload of ${shape} has that label`);
  const prompts = randomSequences(config, 4, ask.promptLength, stream(1, 'peers', 'agreement'));
  const asked = (contestant: Contestant, continuations: Job['continuations']): Job => {
    const settings = { processes: 1, threads: 1, batch: 1, cache: 'F32', attention: 'plain' } as const;
    return { ...job(contestant, ask, settings, 0), task: 'agree', prompts, newTokens: 16, continuations };
  };
  say('rzero: greedy continuations');
  const ours: Agreed = await agree(rzero.found.program, asked(rzero, []), LIMIT_MS.round);
  for (const entry of PEERS) {
    if (flags.peer.length > 0 && !flags.peer.includes(entry.name)) continue;
    if (large && !entry.large) continue;
    say(`${entry.name}: does it agree?`);
    const found = entry.find(flags.folder);
    if ('absent' in found) {
      absent[entry.name] = found.absent;
      continue;
    }
    const contestant = { entry, found };
    try {
      const result = agreement(ours, await agree(found.program, asked(contestant, ours.greedy), LIMIT_MS.round));
      if (agrees(result)) {
        contestants.push(contestant);
        agreements.set(contestant, result);
      } else {
        const { largestDifference } = result;
        absent[entry.name] = `its log-probabilities differ by ${largestDifference}, more than ${TOLERANCE}`;
      }
    } catch (error) {
      absent[entry.name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { contestants, absent, agreements };
}

/** The fastest of an engine's settings, each tried once. A setting that fails is passed over. */
async function bestSettings(contestant: Contestant, workload: Workload): Promise<Settings> {
  const candidates = contestant.entry.candidates(workload, cores);
  const [first] = candidates;
  if (first === undefined) throw new Error(`${contestant.entry.name} has no settings`);
  if (candidates.length === 1) return first;
  let best = { settings: first, tokensPerSecond: 0 };
  for (const settings of candidates) {
    const told = `${contestant.entry.name}, ${workload.label}, ${JSON.stringify(settings)}`;
    try {
      const { tokensPerSecond } = await quietly(contestant, job(contestant, workload, settings, 0.5), LIMIT_MS.search);
      say(`${told}: ${tokensPerSecond.toFixed(0)} tokens/s`);
      if (tokensPerSecond > best.tokensPerSecond) best = { settings, tokensPerSecond };
    } catch (error) {
      say(`${told}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return best.settings;
}

function job({ found }: Contestant, workload: Workload, settings: Settings, seconds: number): Job {
  const { task, promptCount, promptLength, samples, newTokens, trainSequences, trainLength } = workload;
  return {
    task,
    config,
    modelFolder,
    peerFolder: found.folder,
    prompts: randomSequences(config, promptCount, promptLength, stream(1, 'peers', 'prompts')),
    samples,
    newTokens,
    sequences: randomSequences(config, trainSequences, trainLength + 1, stream(1, 'peers', 'sequences')),
    advantages: Array.from({ length: trainSequences }, (_, i) => (i % 2 === 0 ? 1 : -1)),
    continuations: [],
    seconds,
    settings,
  };
}

/** A measurement that begins when the machine has been quiet for a moment, or patience has run out. Where other programs
 *  got in its way it is made again, and the least disturbed counts. */
async function quietly({ found }: Contestant, asked: Job, limitMs: number): Promise<Measurement> {
  let best: Measurement | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const until = performance.now() + 1000 * Number(flags.patience);
    while (performance.now() < until) {
      const before = busySeconds();
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (busySeconds() - before < 0.1) break;
    }
    const result = await measure(found.program, asked, limitMs);
    if (best === undefined || result.foreignCores < best.foreignCores) best = result;
    if (best.foreignCores < QUIET_CORES) break;
  }
  return best as Measurement;
}
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
