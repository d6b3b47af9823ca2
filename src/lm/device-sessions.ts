import type { DeviceCopier } from '../graph/device.js';
import type { Value } from '../graph/node.js';
import type { GraphSession } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';
import { prefillGraph } from './decode.js';
import type { CacheSessions } from './device-cache.js';
import { type CachePart, deviceStepGraph, emptyCacheGraph, grownCacheGraph, seatingGraph } from './device-decode.js';
import type { SamplingKind } from './sampling.js';
import type { Weights } from './weights.js';

/** The graphs of generation on a device. */
export interface DeviceSessions extends CacheSessions {
  /** Keys and values of prompts, which stay on the device. */
  readonly prefill: GraphSession;
  readonly step: GraphSession;
  readonly kind: SamplingKind;
  /** Copies a step's tables to the device, whose shapes are {@link tableShapes}. */
  readonly tables: DeviceCopier;
}

/** The session of a graph, made when its name is new; all its outputs stay on the device, or none does. */
export type MakeSession = (
  name: string,
  graph: () => Record<string, Value>,
  outputsOnDevice: boolean,
) => Promise<GraphSession>;

/** All that a step reads but weights, cache and tokens. */
export const tableShapes = ({ headSize }: DecoderConfig) => ({
  cos: ['Q', headSize / 2],
  sin: ['Q', headSize / 2],
  slots: ['M'],
});

export async function deviceSessions(
  config: DecoderConfig,
  weights: Weights,
  kind: SamplingKind,
  tables: DeviceCopier,
  made: MakeSession,
): Promise<DeviceSessions> {
  const both = async (name: string, graph: (config: DecoderConfig, part: CachePart) => Record<string, Value>) => ({
    keys: await made(`${name} keys`, () => graph(config, 'keys'), true),
    values: await made(`${name} values`, () => graph(config, 'values'), true),
  });
  return {
    kind,
    tables,
    prefill: await made('prefill', () => prefillGraph(config, weights), true),
    step: await made(`step ${kind}`, () => deviceStepGraph(config, weights, kind), false),
    empty: await both('empty cache', emptyCacheGraph),
    grown: await both('grown cache', grownCacheGraph),
    seating: await both('seating', seatingGraph),
  };
}
