import type { DecoderConfig } from '../../src/lm/architecture.js';

/** What a worker program is asked, as JSON in a file, and what it answers as one line of JSON. Every peer gets the same. */
export interface Job {
  readonly task: TaskKind;
  readonly config: DecoderConfig;
  /** Folder with the model in each engine's own format, see `model-files.ts`. */
  readonly modelFolder: string;
  /** Folder of the installed peer. */
  readonly peerFolder: string;
  readonly prompts: readonly (readonly number[])[];
  readonly samples: number;
  readonly newTokens: number;
  /** Of one optimiser step; each is one token longer than what is trained on. */
  readonly sequences: readonly (readonly number[])[];
  /** One a sequence. */
  readonly advantages: readonly number[];
  /** For `agree`: what rzero continued each prompt with. */
  readonly continuations: readonly (readonly number[])[];
  /** The workload is repeated for at least so long. */
  readonly seconds: number;
  readonly settings: Settings;
}
export type TaskKind = 'agree' | 'decode' | 'train';

/** How a peer does it: what the search for its best looks through. */
export interface Settings {
  /** Each gets an equal part of the work; they run at the same time. */
  readonly processes: number;
  /** Of each process. */
  readonly threads: number;
  /** Sequences that go through the model at a time in each process; rzero's number of workers. */
  readonly batch: number;
  /** Of the key-value cache, where a peer has a choice. */
  readonly cache: 'F16' | 'F32';
  /** llama.cpp's flash attention, which rounds to half precision whatever the cache. */
  readonly attention: 'plain' | 'flash';
}

/** Tokens made or trained on in the measured part, which begins after loading and a warm-up. */
export interface Measured {
  readonly tokens: number;
  readonly seconds: number;
  /** Of the process in the measured part, all threads. */
  readonly cpuSeconds: number;
  /** Resident, loading included. */
  readonly peakMemoryBytes: number;
}

/** The peer's own greedy continuation of each prompt, and its log-probability of each token of rzero's. */
export interface Agreed {
  readonly greedy: readonly (readonly number[])[];
  readonly logprobs: readonly (readonly number[])[];
}
