import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RzeroError } from '../../src/errors.js';
import { isCopy, isHarmless, type PlacedNode, placedNodes } from '../../src/graph/placement.js';
import { profileSessions } from '../../src/graph/profiling.js';
import { exampleWork } from './example-work.js';
import type { GraphPlacement } from './placement-report.js';

/** Run as a process of its own, with a provider's name: does a bit of everything that a policy does with a small model, and
 *  prints where each graph's nodes ran, as JSON. */

const [provider] = process.argv.slice(2);
if (provider !== 'cpu' && provider !== 'webgpu' && provider !== 'cuda')
  throw new RzeroError(`no provider "${provider}"`);

const folder = mkdtempSync(join(tmpdir(), 'rzero-placement-'));
try {
  const sessions = profileSessions(folder);
  const report: GraphPlacement[] = [];
  for (const [task, work] of exampleWork(provider, folder)) {
    const before = sessions.length;
    await work();
    for (const session of sessions.slice(before)) {
      const nodes = placedNodes(session); // none where a graph was made and not needed yet
      if (nodes.length > 0) report.push(placement(`${task} → ${session.outputs[0]}`, nodes));
    }
  }
  process.stdout.write(JSON.stringify(report));
} finally {
  rmSync(folder, { recursive: true });
}

function placement(graph: string, nodes: readonly PlacedNode[]): GraphPlacement {
  const counts: Record<string, number> = {};
  for (const node of nodes) if (!isCopy(node)) counts[node.provider] = (counts[node.provider] ?? 0) + 1;
  const fallen = provider === 'cpu' ? [] : nodes.filter((node) => node.provider === 'cpu' || isCopy(node));
  return {
    graph,
    counts,
    harmless: fallen.filter(isHarmless).map(({ op }) => op),
    harmful: fallen.filter((node) => !isHarmless(node)),
  };
}
