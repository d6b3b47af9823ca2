import type { FileBenchmarkName } from './catalog.js';

/** One file of a data set on the Hugging Face hub. */
export interface HubFile {
  readonly repository: string;
  /** A commit, or the branch `main` where none is pinned. */
  readonly revision: string;
  readonly path: string;
  /** Null where it is not known: then the hub's own checksum is what the file is held to. */
  readonly sha256: string | null;
}

/** Where a benchmark that is only named comes from. The others have no single file there that is whole. */
export const HUB_FILES: Readonly<Partial<Record<FileBenchmarkName, HubFile>>> = {
  gsm8k: {
    repository: 'openai/gsm8k',
    revision: '740312add88f781978c0658806c59bc2815b9866',
    path: 'main/test-00000-of-00001.parquet',
    sha256: 'ee7b8da9e381df27b9e3f7758a159ab2bdaa4dbaa910546cbbc47e0cb44e4f59',
  },
  math500: {
    repository: 'HuggingFaceH4/MATH-500',
    revision: '6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be',
    path: 'test.jsonl',
    sha256: '35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132',
  },
  aime24: {
    repository: 'HuggingFaceH4/aime_2024',
    revision: '2fe88a2f1091d5048c0f36abc874fb997b3dd99a',
    path: 'data/train-00000-of-00001.parquet',
    sha256: '26139847601a5037c237d5928b195e7260ca8074cf4f264b794af42847f79ccf',
  },
  aime25: {
    repository: 'math-ai/aime25',
    revision: '563bb8404243c5f09de6ec262f2db674fe5bce9b',
    path: 'test.jsonl',
    sha256: 'b4e273c02d3e7fe1b74b59eae768fc8230bfb0f79539890cb56f4361caac0331',
  },
  'mmlu-pro': {
    repository: 'TIGER-Lab/MMLU-Pro',
    revision: 'b189ec765aa7ed75c8acfea42df31fdae71f97be',
    path: 'data/test-00000-of-00001.parquet',
    sha256: '0e24a191921c2f453518a537a8b2117bd137e7714d4ef1565e9ba06c1ecb9ad8',
  },
  supergpqa: {
    repository: 'm-a-p/SuperGPQA',
    revision: 'main',
    path: 'SuperGPQA-all.jsonl',
    sha256: '28b998e70205ee95e540317b5adc06a06552a3961fb50b153df126b833f7a910',
  },
  amc23: { repository: 'zwhe99/amc23', revision: 'main', path: 'data/test-00000-of-00001.parquet', sha256: null },
  minerva: {
    repository: 'zwhe99/simplerl-minerva-math',
    revision: 'main',
    path: 'data/test-00000-of-00001.parquet',
    sha256: null,
  },
  olympiadbench: {
    repository: 'zwhe99/simplerl-OlympiadBench',
    revision: 'main',
    path: 'data/test-00000-of-00001.parquet',
    sha256: null,
  },
};
