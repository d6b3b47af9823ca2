import { exactMcNemar, type PairedGain, pairedBootstrap } from '../src/benchmarks/bootstrap.js';
import type { Protocol } from '../src/benchmarks/protocol.js';
import { UsageError } from '../src/errors.js';
import type { Reader } from '../storage/connection.js';
import { findEvaluation, resultsOf, type StoredEvaluation, type StoredResult } from '../storage/evaluation-results.js';

export interface CompareSettings {
  readonly resamples: number;
  readonly seed: number;
  /** Compares also what was measured under different protocols. */
  readonly anyProtocol: boolean;
}

/** One benchmark, or the average of a domain's, measured twice. */
export interface Comparison {
  readonly benchmark: string;
  readonly domain: string;
  readonly metric: string;
  readonly items: number;
  readonly before: number;
  readonly after: number;
  readonly gain: PairedGain;
  /** Of a greedy benchmark: items that only one of the two has right, and the exact test of their split. */
  readonly exact: { readonly onlyBefore: number; readonly onlyAfter: number; readonly pValue: number } | null;
}

export interface Compared {
  readonly before: StoredEvaluation;
  readonly after: StoredEvaluation;
  readonly benchmarks: readonly Comparison[];
  readonly averages: readonly Comparison[];
  /** What differs between the protocols, where that was allowed. */
  readonly differences: readonly string[];
}

/** The gain of one evaluation over another of the same items, benchmark by benchmark and on average.
 *  @throws UsageError where one is not there, where they have no benchmark in common, or where they can't be compared. */
export function compare(db: Reader, before: string, after: string, settings: CompareSettings): Compared {
  const evaluations = { before: findEvaluation(db, before), after: findEvaluation(db, after) };
  const pairs = pairsOf(resultsOf(db, evaluations.before.id), resultsOf(db, evaluations.after.id));
  if (pairs.length === 0) throw new UsageError(`${before} and ${after} have no benchmark and metric in common`);
  const differences = new Set<string>();
  for (const { first, second } of pairs) {
    if (first.itemsSha256 !== second.itemsSha256)
      throw new UsageError(
        `${before} and ${after} were asked different items of ${first.benchmark} (${first.items} and ${second.items}); evaluate both on the same file with the same --limit`,
      );
    for (const difference of protocolDifferences(first.protocol, second.protocol)) {
      const told = `${before} and ${after} differ in ${difference} on ${first.benchmark}, ${first.metric}`;
      if (!settings.anyProtocol) throw new UsageError(`${told}; evaluate both alike, or give --any-protocol`);
      differences.add(told);
    }
  }
  return {
    ...evaluations,
    benchmarks: pairs.map((pair) => comparison([pair], pair.first.benchmark, settings)),
    averages: domainsOf(pairs).map((group) => comparison(group, `${group[0]?.first.domain}, average`, settings)),
    differences: [...differences],
  };
}

interface Pair {
  readonly first: StoredResult;
  readonly second: StoredResult;
}

/** Results of the same benchmark and metric; of several files of one benchmark, those of the same items. */
function pairsOf(before: readonly StoredResult[], after: readonly StoredResult[]): Pair[] {
  return before.flatMap((first) => {
    const alike = after.filter(({ benchmark, metric }) => benchmark === first.benchmark && metric === first.metric);
    const second = alike.find(({ itemsSha256 }) => itemsSha256 === first.itemsSha256) ?? alike[0];
    return second === undefined ? [] : [{ first, second }];
  });
}

/** What makes two protocols incomparable, in words. Seeds may differ. */
function protocolDifferences(first: Protocol, second: Protocol): string[] {
  const told = (name: string, of: (protocol: Protocol) => unknown): string[] => {
    const [a, b] = [JSON.stringify(of(first)), JSON.stringify(of(second))];
    return a === b ? [] : [`${name} (${a} and ${b})`];
  };
  const words = [
    ...told('shots', ({ shots }) => shots),
    ...told('what stands behind the prompt', ({ prefix }) => prefix),
    ...told('temperature', ({ temperature }) => temperature),
    ...told('samples', ({ samples }) => samples),
    ...told('the token limit', ({ maxTokens }) => maxTokens),
    ...told('stop texts', ({ stops }) => stops),
    ...told("the grader's version, which `rzero rescore` brings up to date,", ({ graderVersion }) => graderVersion),
  ];
  // Examples are a part of the template.
  return words.length > 0 || first.templateSha256 === second.templateSha256 ? words : ['the template of the prompt'];
}

function domainsOf(pairs: readonly Pair[]): Pair[][] {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const key = `${pair.first.domain} ${pair.first.metric}`;
    groups.set(key, [...(groups.get(key) ?? []), pair]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** The gain over one pair, or the average of several. */
function comparison(pairs: readonly Pair[], name: string, settings: CompareSettings): Comparison {
  const [{ first }] = pairs as [Pair];
  const average = (of: (pair: Pair) => number): number => pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  return {
    benchmark: name,
    domain: first.domain,
    metric: first.metric,
    items: pairs.reduce((sum, pair) => sum + pair.first.items, 0),
    before: average((pair) => pair.first.score),
    after: average((pair) => pair.second.score),
    gain: pairedBootstrap(pairs.map(itemDifferences), settings),
    exact: pairs.length === 1 && first.protocol.samples === 1 ? exactTest(pairs[0] as Pair) : null,
  };
}

const itemDifferences = ({ first, second }: Pair): number[] =>
  first.rightCounts.map(
    (count, i) => (second.rightCounts[i] ?? 0) / second.protocol.samples - count / first.protocol.samples,
  );

function exactTest(pair: Pair): Comparison['exact'] {
  const differences = itemDifferences(pair);
  const onlyBefore = differences.filter((difference) => difference < 0).length;
  const onlyAfter = differences.filter((difference) => difference > 0).length;
  return { onlyBefore, onlyAfter, pValue: exactMcNemar(onlyBefore, onlyAfter) };
}
