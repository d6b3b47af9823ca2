import type { EvaluateSettings } from '../actors/evaluate.js';

/** An evaluation as measurements ask for one: two workers of a thread, no examples, nothing stored or said. */
export const PLAIN_EVALUATION = {
  hub: { hub: '', cacheFolder: '' }, // nothing is downloaded: items are generated, or come with their files
  skipBad: false,
  shots: 0,
  shotsFiles: new Map<string, string>(),
  stops: [],
  maxTokens: null,
  worked: false,
  executionProvider: 'cpu',
  workers: 2,
  threadsPerWorker: 1,
  signal: new AbortController().signal,
  onProgress: () => {},
  onNews: () => {},
  storeIn: null,
  rzeroVersion: '',
} as const satisfies Partial<EvaluateSettings>;
