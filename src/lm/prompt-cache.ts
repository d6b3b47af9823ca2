import { floatsOf, type GraphSession, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';
import { keysName, valuesName } from './decode.js';
import { sequenceFeeds } from './train-step.js';

/** A prompt's keys and values. */
export interface PromptEntry {
  /** Of each layer, [batch, K, stride, S], shared with the prompts of the same prefill. */
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly row: number;
  readonly stride: number;
}

const PREFILL_BATCH = 64;

/** Prefills prompts a batch at a time, in the order in which they are asked for, and forgets the batch before. */
export class PromptCache {
  private entries = new Map<number, PromptEntry>();

  constructor(
    private readonly config: DecoderConfig,
    private readonly session: GraphSession,
    private readonly weights: Readonly<Record<string, TensorData>>,
    private readonly prompts: readonly (readonly number[])[],
  ) {}

  async get(index: number): Promise<PromptEntry> {
    const known = this.entries.get(index);
    if (known !== undefined) return known;
    const batch = this.prompts.slice(index, index + PREFILL_BATCH);
    const { feeds, width } = this.feeds(batch);
    const output = width === 0 ? {} : await this.session.run({ ...this.weights, ...feeds });
    const layers = Array.from({ length: width === 0 ? 0 : this.config.layerCount }, (_, layer) => layer);
    const keys = layers.map((layer) => floatsOf(output, keysName(layer)));
    const values = layers.map((layer) => floatsOf(output, valuesName(layer)));
    this.entries = new Map(batch.map((_, row) => [index + row, { keys, values, row, stride: width }]));
    return this.entries.get(index) as PromptEntry;
  }

  /** The last token of each prompt is left to the decoder, whose first step it is; so is a prompt of one token. */
  private feeds(batch: readonly (readonly number[])[]): {
    readonly feeds: Record<string, TensorData>;
    readonly width: number;
  } {
    if (batch.every((prompt) => prompt.length === 1)) return { feeds: {}, width: 0 };
    return sequenceFeeds(this.config, batch);
  }
}
