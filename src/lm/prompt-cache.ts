import { microBatches } from '../rl/packing.js';
import type { Prefill } from './prefill.js';

/** A prompt's keys and values, but for its last token: that is the decoder's first step. */
export interface PromptEntry {
  /** Keys and values of each layer in turn, [batch, K, stride, S], shared with the prompts of the same prefill. */
  readonly caches: readonly Float32Array[];
  readonly row: number;
  readonly stride: number;
  /** Slots that it fills of the stride. */
  readonly slotCount: number;
}

/** Prompts that are looked ahead for, and padded tokens that one prefill takes. */
const [AHEAD, PREFILL_TOKENS] = [64, 2048];

/** Prefills prompts some at a time, in the order in which requests name them, and keeps each until its last request. */
export class PromptCache {
  private readonly entries = new Map<number, PromptEntry>();
  private readonly requestsLeft = new Map<number, number>();
  /** Prompts not prefilled yet, in the order of their first requests. */
  private readonly waiting: number[];

  constructor(
    private readonly compute: Prefill,
    private readonly prompts: readonly (readonly number[])[],
    requests: readonly { readonly prompt: number }[],
  ) {
    for (const { prompt } of requests) this.requestsLeft.set(prompt, (this.requestsLeft.get(prompt) ?? 0) + 1);
    this.waiting = [...this.requestsLeft.keys()];
  }

  /** The prompt's entry, once for each of its requests. */
  async take(prompt: number): Promise<PromptEntry> {
    if (!this.entries.has(prompt)) await this.prefill(this.waiting.splice(0, AHEAD));
    const entry = this.entries.get(prompt) as PromptEntry;
    const left = (this.requestsLeft.get(prompt) as number) - 1;
    this.requestsLeft.set(prompt, left);
    if (left === 0) this.entries.delete(prompt);
    return entry;
  }

  private async prefill(indexes: readonly number[]): Promise<void> {
    const prompts = indexes.map((index) => this.prompts[index] as readonly number[]);
    const lengths = prompts.map((prompt) => prompt.length - 1);
    for (const batch of microBatches(lengths, PREFILL_TOKENS)) {
      const rows = batch.map((i) => prompts[i] as readonly number[]);
      const width = (rows[0]?.length as number) - 1; // the longest comes first
      const caches = width > 0 ? await this.compute(rows) : [];
      batch.forEach((i, row) => {
        const slotCount = lengths[i] as number;
        this.entries.set(indexes[i] as number, { caches, row, stride: width, slotCount });
      });
    }
  }
}
