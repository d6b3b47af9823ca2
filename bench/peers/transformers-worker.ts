import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job } from './job.js';
import { type Engine, logprobOf, serve } from './worker.js';

/** transformers.js over onnxruntime-node: `generate` with `settings.batch` sequences a call. */
await serve(load);

/** What is used of the library's types: it is not a dependency. */
interface Library {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  readonly AutoModelForCausalLM: { from_pretrained(name: string, options: object): Promise<Model> };
  readonly Tensor: new (type: string, data: BigInt64Array, dims: readonly number[]) => Tensor;
}
interface Tensor {
  readonly data: BigInt64Array | Float32Array;
  readonly dims: readonly number[];
}
interface Model {
  (inputs: object): Promise<{ readonly logits: Tensor }>;
  generate(options: object): Promise<Tensor>;
}

async function load(job: Job): Promise<Engine> {
  const file = join(job.peerFolder, 'node_modules', '@huggingface', 'transformers', 'dist', 'transformers.node.mjs');
  const { env, AutoModelForCausalLM, Tensor } = (await import(pathToFileURL(file).href)) as Library;
  const folder = resolve(job.modelFolder);
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const model = await AutoModelForCausalLM.from_pretrained(basename(folder), {
    dtype: 'fp32',
    device: 'cpu',
    session_options: { intraOpNumThreads: job.settings.threads, interOpNumThreads: 1, executionMode: 'sequential' },
  });

  const inputs = (rows: readonly (readonly number[])[]) => {
    const dims = [rows.length, rows[0]?.length ?? 0];
    const tokens = BigInt64Array.from(rows.flat(), BigInt);
    return {
      input_ids: new Tensor('int64', tokens, dims),
      attention_mask: new Tensor('int64', new BigInt64Array(tokens.length).fill(1n), dims),
    };
  };
  const continued = async (rows: readonly (readonly number[])[], options: object): Promise<number[][]> => {
    const { data, dims } = await model.generate({ ...inputs(rows), ...options });
    const [, width = 0] = dims;
    const whole = Array.from(data, Number);
    return rows.map((row, i) => whole.slice(i * width + row.length, (i + 1) * width));
  };
  return {
    agree: async ({ prompts, continuations, newTokens }) => {
      const greedy = await continued(prompts, { max_new_tokens: newTokens, do_sample: false });
      const { logits } = await model(inputs(prompts.map((prompt, i) => [...prompt, ...(continuations[i] ?? [])])));
      const [, T = 0, V = 0] = logits.dims;
      const logprobs = prompts.map((prompt, i) =>
        (continuations[i] ?? []).map((token, t) => {
          const at = (i * T + prompt.length + t - 1) * V;
          return logprobOf((logits.data as Float32Array).subarray(at, at + V), token);
        }),
      );
      return { greedy, logprobs };
    },
    decode: async ({ prompts, samples, newTokens, settings }) => {
      const rows = prompts.flatMap((prompt) => Array.from({ length: samples }, () => prompt));
      let tokens = 0;
      for (let start = 0; start < rows.length; start += settings.batch) {
        const batch = rows.slice(start, start + settings.batch);
        const made = await continued(batch, { max_new_tokens: newTokens, do_sample: true, temperature: 1, top_k: 0 });
        tokens += made.reduce((sum, row) => sum + row.length, 0);
      }
      return tokens;
    },
    train: () => Promise.reject(new Error('transformers.js does not train')),
  };
}
