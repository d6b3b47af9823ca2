import type { Protocol } from '../../src/benchmarks/protocol.js';
import type { EvaluationScoreRow } from '../../storage/views.js';

/** How scores were taken, in a line for each protocol: `greedy: 0 shots, temperature 0, up to 72 tokens, seed 0, grader 1,
 *  prompt 3f2a91c0`. Scores that differ only in the prompt's template, as those of two domains, share a line. */
export function protocolLines(
  scores: readonly { readonly metric: string; readonly protocol: Protocol }[],
): readonly string[] {
  const lines = new Map<string, { readonly metrics: Set<string>; readonly templates: Set<string> }>();
  for (const { metric, protocol } of scores) {
    const words = described(protocol);
    const line = lines.get(words) ?? { metrics: new Set(), templates: new Set() };
    lines.set(words, line);
    line.metrics.add(metric);
    line.templates.add(protocol.templateSha256.slice(0, 8));
  }
  return [...lines].map(([words, { metrics, templates }]) => {
    const prompts = `prompt${templates.size > 1 ? 's' : ''} ${[...templates].join(' ')}`;
    return `${[...metrics].join(', ')}: ${words}, ${prompts}`;
  });
}

/** The protocol of a row of the view `evaluation_scores`. */
export const scoreProtocol = (row: EvaluationScoreRow): { readonly metric: string; readonly protocol: Protocol } => ({
  metric: row.metric,
  protocol: {
    shots: row.shots,
    shotsFile: row.shots_file,
    templateSha256: row.template_sha256,
    prefix: row.prefix,
    temperature: row.temperature,
    samples: row.samples,
    maxTokens: row.max_tokens,
    stops: JSON.parse(row.stops) as string[],
    seed: row.seed,
    graderVersion: row.grader_version,
  },
});

function described(protocol: Protocol): string {
  const { shots, shotsFile, prefix, temperature, maxTokens, stops, seed, graderVersion } = protocol;
  return [
    `${shots} shots${shotsFile === null ? '' : ` from ${shotsFile}`}`,
    ...(prefix === null ? [] : [`${JSON.stringify(prefix)} behind the prompt`]),
    `temperature ${temperature}`,
    `up to ${maxTokens} tokens`,
    ...(stops.length === 0 ? [] : [`stops at ${stops.map((stop) => JSON.stringify(stop)).join(' ')}`]),
    `seed ${seed}`,
    `grader ${graderVersion}`,
  ].join(', ');
}
