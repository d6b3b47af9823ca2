import { RzeroError } from '../../src/errors.js';
import type { PlacedNode } from '../../src/graph/placement.js';
import type { Colours } from '../terminal/colour.js';
import { textTable } from '../terminal/tables.js';
import { type ProviderName, runProbe } from './checks.js';

/** Where the nodes of a graph ran, on a machine and a provider. */
export interface GraphPlacement {
  /** What it was made for, and its first output. */
  readonly graph: string;
  /** Nodes by provider, copies apart. */
  readonly counts: Readonly<Record<string, number>>;
  /** Operators on the CPU, and copies, of shapes and indices alone. */
  readonly harmless: readonly string[];
  /** All others that the provider should have run. */
  readonly harmful: readonly PlacedNode[];
}

const TIMEOUT_MS = 300_000;

/** Where the nodes of all graphs of a policy run on a provider, found by running them with a small model.
 *  @throws RzeroError where the provider does not work here. */
export async function placements(provider: ProviderName): Promise<readonly GraphPlacement[]> {
  const { stdout, problem } = await runProbe('./probe-placement.js', provider, TIMEOUT_MS);
  if (problem !== null) throw new RzeroError(`the graphs do not run on ${provider} here: ${problem}`);
  return JSON.parse(stdout) as readonly GraphPlacement[];
}

/** The report for people: a row for each graph, and below it each node that should not be on the CPU. */
export function placementText(provider: string, graphs: readonly GraphPlacement[], colours: Colours): string {
  const rows = graphs.map(({ graph, counts, harmless, harmful }) => [
    graph,
    String(counts[provider] ?? 0),
    `${harmless.length}${harmless.length === 0 ? '' : ` (${[...new Set(harmless)].join(', ')})`}`,
    harmful.length === 0 ? colours.green('none') : colours.yellow(String(harmful.length)),
  ]);
  const table = textTable(
    [
      ['graph', 'left'],
      [`on ${provider}`, 'right'],
      ['on the CPU: shapes and indices', 'left'],
      ['on the CPU: numbers', 'left'],
    ],
    rows,
    colours,
  );
  const lines = graphs.flatMap(({ graph, harmful }) =>
    harmful.map(({ op, name, reads, writes }) => {
      const list = (operands: PlacedNode['reads']): string =>
        operands.map(({ type, elementCount }) => `${elementCount} ${type}`).join(', ') || 'nothing';
      return `${graph}: ${op} ${name} reads ${list(reads)} and makes ${list(writes)}`;
    }),
  );
  return [table, ...lines].join('\n');
}
