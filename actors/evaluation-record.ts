import type { ResultRecord } from '../storage/evaluations.js';
import type { BenchmarkResult } from './benchmarks.js';

/** A result as it is recorded, with its answers or without. */
export function resultRecord(
  { row, benchmark, protocol, rightCounts, answers }: BenchmarkResult,
  keepAnswers: boolean,
): ResultRecord {
  const { domain, metric, file, score, stderr } = row;
  return {
    benchmark: row.benchmark,
    domain,
    metric,
    rule: benchmark.rule,
    file,
    fileSha256: benchmark.fileSha256,
    score,
    stderr: Number.isNaN(stderr) ? null : stderr, // one item has none
    items: benchmark.items,
    rightCounts,
    protocol,
    answers: keepAnswers ? answers : null,
  };
}
