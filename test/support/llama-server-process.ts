import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { uniform } from '../../src/random.js';
import { Places } from '../../src/remote/places.js';
import { type LlamaSequence, llamaSequences, loadLlama } from './llama-library.js';

/**
 * A small completion server over llama.cpp, as a process: token ids in, token ids and log-probabilities out, in the fields
 * that vLLM gives them. Arguments: the folder of node-llama-cpp, a GGUF file, the context of a sequence. It prints its port
 * on 127.0.0.1, and runs until it is killed.
 */

const SEQUENCES = 8;

interface Request {
  readonly model: string;
  readonly prompt: readonly number[];
  readonly max_tokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly stop_token_ids: readonly number[];
}

const [packageFolder = '', ggufFile = '', contextSize = ''] = process.argv.slice(2);
const { model } = await loadLlama(packageFolder, ggufFile);
const idle = await llamaSequences(model, SEQUENCES, Number(contextSize));
const places = new Places(SEQUENCES);

const server = createServer((incoming, response) => {
  answer(incoming).then(
    ({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
    (error: unknown) => {
      response.writeHead(500);
      response.end(JSON.stringify({ error: { message: String(error) } }));
    },
  );
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);

async function answer(incoming: IncomingMessage): Promise<{ readonly status: number; readonly body: object }> {
  if (incoming.url === '/v1/models') return { status: 200, body: { data: [{ id: 'gguf' }] } };
  if (incoming.url !== '/v1/completions') return { status: 404, body: {} };
  const request = (await json(incoming)) as Request;
  if (request.model !== 'gguf') return { status: 404, body: { error: { message: 'no such model' } } };
  return { status: 200, body: { choices: [await places.run(() => completion(request))] } };
}

async function completion({ prompt, max_tokens, temperature, seed, stop_token_ids }: Request): Promise<object> {
  const sequence = idle.pop() as LlamaSequence;
  try {
    await sequence.clearHistory();
    const [tokens, logprobs] = [[] as number[], [] as number[]];
    let next = prompt;
    for (;;) {
      const input = next.map((token, i) => [token, i === next.length - 1 ? { generateNext: { logits: true } } : {}]);
      const output = await sequence.controlledEvaluate(input as [number, object][]);
      const logits = dense(output[next.length - 1]?.next.logits ?? new Map());
      const token = temperature === 0 ? likeliest(logits) : drawn(logits, temperature, uniform(seed, tokens.length));
      tokens.push(token);
      logprobs.push(Math.log(softmax(logits, 1)[token] as number));
      const stopped = stop_token_ids.includes(token);
      if (stopped || tokens.length === max_tokens) {
        const reason = stopped ? 'stop' : 'length';
        return { text: '', finish_reason: reason, token_ids: tokens, logprobs: { token_logprobs: logprobs } };
      }
      next = [token];
    }
  } finally {
    idle.push(sequence);
  }
}

function dense(logits: ReadonlyMap<number, number>): Float64Array {
  const result = new Float64Array(logits.size);
  for (const [token, logit] of logits) result[token] = logit;
  return result;
}

const likeliest = (logits: Float64Array): number => logits.indexOf(Math.max(...logits));

function softmax(logits: Float64Array, temperature: number): Float64Array {
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp((logit - largest) / temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function drawn(logits: Float64Array, temperature: number, number: number): number {
  const probabilities = softmax(logits, temperature);
  let rest = number;
  for (const [token, probability] of probabilities.entries()) {
    rest -= probability;
    if (rest < 0) return token;
  }
  return likeliest(probabilities);
}

async function json(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
