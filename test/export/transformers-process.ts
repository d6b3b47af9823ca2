import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer, readJob, type TransformersAnswer, type TransformersJob } from './peers.js';

/** transformers.js over its own onnxruntime-node, on one thread, with nothing said but the folder's name. */

/** What is used of its types: it is not a dependency. */
interface Library {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  readonly AutoModelForCausalLM: { from_pretrained(name: string, options: object): Promise<Model> };
  readonly AutoTokenizer: { from_pretrained(name: string): Promise<Tokenizer> };
}
interface Tensor {
  readonly data: BigInt64Array;
}
interface Model {
  generate(options: object): Promise<Tensor>;
}
interface Tokenizer {
  (text: string, options: object): { readonly input_ids: Tensor };
  decode(ids: readonly number[], options: object): string;
}

const job = await readJob<TransformersJob>();
const file = join(job.package, 'dist', 'transformers.node.mjs');
const { env, AutoModelForCausalLM, AutoTokenizer } = (await import(pathToFileURL(file).href)) as Library;
env.allowRemoteModels = false;
env.localModelPath = dirname(job.folder);
const name = basename(job.folder);
const tokenizer = await AutoTokenizer.from_pretrained(name);
const model = await AutoModelForCausalLM.from_pretrained(name, {
  device: 'cpu',
  session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 },
});
const [prompts, greedy]: [number[][], number[][]] = [[], []];
for (const text of job.prompts) {
  const inputs = tokenizer(text, { add_special_tokens: false });
  const ids = Array.from(inputs.input_ids.data, Number);
  const whole = await model.generate({ ...inputs, max_new_tokens: job.newTokens, do_sample: false });
  prompts.push(ids);
  greedy.push(Array.from(whole.data, Number).slice(ids.length));
}
const texts = greedy.map((ids) =>
  tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
);
answer({ prompts, greedy, texts } satisfies TransformersAnswer);
