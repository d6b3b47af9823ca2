import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Interrupted, ServerError, UsageError } from '../../src/errors.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { CompletionServer, type ServerSettings } from '../../src/remote/completion-server.js';
import { retryAfterMs } from '../../src/remote/persistence.js';
import { Answer, type Answering, type FakeServer, fakeServer, LEFT_ALONE, placeAt } from '../support/fake-server.js';

/** The client against servers that behave, and against every way in which one does not. */

const tokenizer = loadTokenizer('models/tiny');
const READER = { tokenizer, vocabularySize: tokenizer.vocabularySize };
const END = tokenizer.specials.get('<eos>') as number;
const PROMPT = tokenizer.encode('<q>');
const TRIAL = { prompt: PROMPT, stops: [END] };
const SAMPLING = samplingSettings({ maxTokens: 12, stops: [END] });
const FAST = { attempts: 4, firstWaitMs: 1 };
const NEVER = new AbortController().signal;

const VLLM = {
  choices: [
    { text: '7', finish_reason: 'stop', token_ids: [9, END], logprobs: { tokens: [], token_logprobs: [-0.5, -0.25] } },
  ],
};

const settings = ({ place }: FakeServer, more: Partial<ServerSettings> = {}): ServerSettings => ({
  ...place,
  model: null,
  concurrency: 4,
  ...more,
});
const connect = (server: FakeServer, more: Partial<ServerSettings> = {}): Promise<CompletionServer> =>
  CompletionServer.connect(settings(server, more), READER, TRIAL, NEVER, FAST);
const complete = (server: CompletionServer, signal = NEVER) => server.complete('base', PROMPT, SAMPLING, 5, signal);

/** A server whose first completion is well, and whose others are told by `later`. */
async function wellAtFirst(t: TestContext, later: Answering) {
  let met = false;
  const server = await fakeServer(t, {
    '/completions': (request, response) => {
      if (met) return later(request, response);
      met = true;
      return VLLM;
    },
  });
  return { server, client: await connect(server) };
}

const one =
  (type: new (...args: never[]) => Error, pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof type, String(error));
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };

test('a server of tokens is asked in tokens, for one completion of the whole distribution, with our seed', async (t) => {
  const { server, client } = await wellAtFirst(t, () => VLLM);
  assert.deepEqual(client.abilities, { tokenPrompts: true, tokenIds: true, logprobs: true });
  const completion = await complete(client);
  assert.deepEqual(completion, { tokens: [9, END], logprobs: [-0.5, -0.25], finished: true, faithful: true });
  const { body, method, headers } = server.requests('/completions')[1] ?? {};
  assert.equal(method, 'POST');
  assert.equal(headers?.authorization, undefined);
  assert.deepEqual(body, {
    model: 'base',
    prompt: PROMPT,
    n: 1,
    stream: false,
    max_tokens: 12,
    temperature: 1,
    top_p: 1,
    top_k: -1,
    min_p: 0,
    presence_penalty: 0,
    frequency_penalty: 0,
    repetition_penalty: 1,
    repeat_penalty: 1,
    seed: 5,
    logprobs: 1,
    stop_token_ids: [END],
    add_special_tokens: false,
    return_token_ids: true,
    return_tokens_as_token_ids: true,
  });
});

test('a server that refuses token ids and log-probabilities is asked in text, with the texts of stops', async (t) => {
  const server = await fakeServer(t, {
    '/completions': ({ body }) => {
      if (typeof body['prompt'] !== 'string') return new Answer(400, { error: { message: 'prompt: want a string' } });
      if ('logprobs' in body) return new Answer(400, { error: { message: 'logprobs: unknown' } });
      return { choices: [{ text: '17', finish_reason: 'stop' }] };
    },
  });
  const client = await connect(server);
  assert.deepEqual(client.abilities, { tokenPrompts: false, tokenIds: false, logprobs: false });
  assert.deepEqual((await complete(client)).tokens, [...tokenizer.encode('17'), END]);
  const { body } = server.requests('/completions').at(-1) ?? {};
  assert.deepEqual([body?.['prompt'], body?.['stop']], ['<q>', ['<eos>']]);
});

test('a key goes with every request, and a server that wants another says so', async (t) => {
  const keyed =
    (answer: object): Answering =>
    ({ headers }) =>
      headers.authorization === 'Bearer secret' ? answer : new Answer(401, { error: 'Unauthorized' });
  const server = await fakeServer(t, { '/models': keyed({ data: [{ id: 'base' }] }), '/completions': keyed(VLLM) });
  await connect(server, { apiKey: 'secret' });
  await assert.rejects(connect(server), one(ServerError, /wants a key \(401\); put it into .* OPENAI_API_KEY$/));
  await assert.rejects(
    connect(server, { apiKey: 'guess' }),
    one(ServerError, /refuses the key in OPENAI_API_KEY \(401\): Unauthorized$/),
  );
});

test('a key that a server quotes is told nowhere', async (t) => {
  const apiKey = 'sk-quoted-by-the-server';
  for (const status of [401, 302, 400, 429, 200]) {
    const answer = (): Answer => new Answer(status, `{"error": "${apiKey}`, { location: `http://a/?key=${apiKey}` });
    const said = (): Answer => new Answer(status, { error: `no such key: ${apiKey}` });
    for (const answering of [answer, said]) {
      const server = await fakeServer(t, { '/models': answering });
      await assert.rejects(connect(server, { apiKey }), (error: Error) => !error.message.includes(apiKey));
    }
  }
});

test('a model that is not there is refused with the names that are; one of several has to be named', async (t) => {
  const models = { data: [{ id: 'qwen' }, { id: 'llama' }, { id: 'mine', parent: 'qwen' }] };
  const server = await fakeServer(t, { '/models': () => models, '/completions': () => VLLM });
  await assert.rejects(
    connect(server, { model: 'gpt' }),
    one(UsageError, /has no model "gpt": it has qwen, llama; name one with --set rollouts\.model=…/),
  );
  await assert.rejects(connect(server), one(UsageError, /has 2 models: it has qwen, llama; name the base/));
  const client = await connect(server, { model: 'llama' });
  assert.deepEqual([client.baseName, client.adapters], ['llama', ['mine']]);
});

test('an address where nothing listens is told at once', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const place = { ...placeAt(`http://127.0.0.1:${port}/v1`), model: null, concurrency: 1 };
  await assert.rejects(
    CompletionServer.connect(place, READER, TRIAL, NEVER, FAST),
    one(ServerError, /^nothing listens at http:\/\/127\.0\.0\.1:\d+\/v1; start the server, or name another/),
  );
});

test('a page that is no JSON, and JSON of another kind, are refused in one line without control characters', async (t) => {
  const page = await fakeServer(t, { '/models': () => '<html>\n\u001b[31mWelcome' as unknown as object });
  await assert.rejects(
    connect(page),
    one(ServerError, /answers \/models with "<html> \[31mWelcome", which is no JSON/),
  );
  const other = await fakeServer(t, { '/models': () => ({ models: [] }) });
  await assert.rejects(connect(other), one(ServerError, /in a form that is not OpenAI's, at data: /));
  const positive = { choices: [{ text: 'x', logprobs: { tokens: ['x'], token_logprobs: [3] } }] };
  const wrong = await fakeServer(t, { '/completions': () => positive });
  await assert.rejects(connect(wrong), one(ServerError, /at choices\.0\.logprobs\.token_logprobs\.0: /));
  const none = await fakeServer(t, { '/models': () => new Answer(404, 'not here') });
  await assert.rejects(connect(none), one(ServerError, /has no \/models \(404\); .* ends in \/v1$/));
  const moved = await fakeServer(t, { '/models': () => new Answer(302, '', { location: 'http://elsewhere/' }) });
  await assert.rejects(connect(moved), one(ServerError, /sends on to http:\/\/elsewhere\/ \(302\); name that address/));
});

test('a server that never answers is given up after the time that the settings give it', async (t) => {
  const server = await fakeServer(t, { '/completions': () => LEFT_ALONE });
  await assert.rejects(
    connect(server, { timeoutSeconds: 0.05 }),
    one(ServerError, /gave no answer within 0\.05 s; .* raise rollouts\.timeoutSeconds$/),
  );
});

test('an answer without end is given up at a bound', async (t) => {
  const endless = (_: unknown, response: ServerResponse): symbol => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write('[1,'.repeat(10_000)));
      response.once('drain', more);
    };
    more();
    return LEFT_ALONE;
  };
  const server = await fakeServer(t, { '/completions': endless });
  await assert.rejects(connect(server), one(ServerError, /sent more than the \d+ bytes expected$/));
});

test('the signal ends a request under way, and one that waits', async (t) => {
  const { client, server } = await wellAtFirst(t, () => LEFT_ALONE);
  const stop = new AbortController();
  const running = Array.from({ length: 6 }, () => complete(client, stop.signal)); // two more than there are places
  const ended = Promise.allSettled(running);
  while (server.requests('/completions').length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  for (const result of await ended) assert.ok(result.status === 'rejected' && result.reason instanceof Interrupted);
  assert.equal(server.requests('/completions').length, 5);
});

test('no more requests are under way than the settings allow, and each has its answer', async (t) => {
  let [running, most] = [0, 0];
  const { client } = await wellAtFirst(t, ({ body }, response) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running--;
      response.end(JSON.stringify({ choices: [{ text: '', token_ids: [Number(body['seed'])] }] }));
    }, 3);
    return LEFT_ALONE;
  });
  const seeds = Array.from({ length: 20 }, (_, i) => i + 20);
  const completions = await Promise.all(
    seeds.map((seed) => client.complete('base', PROMPT, { ...SAMPLING, stops: [] }, seed, NEVER)),
  );
  assert.deepEqual(
    completions.map(({ tokens }) => tokens[0]),
    seeds,
  );
  assert.equal(most, 4);
});

for (const [claim, status] of [
  ['full', 429],
  ['starting', 503],
] as const) {
  test(`a server that is ${claim} is asked again when it says, and not when we would`, async (t) => {
    let asked = 0;
    const answer = (): object => {
      asked++;
      return asked === 2 ? new Answer(status, { error: { message: 'later' } }, { 'retry-after': '0' }) : VLLM;
    };
    const server = await fakeServer(t, { '/completions': answer });
    const anHour = { attempts: 2, firstWaitMs: 3_600_000 };
    const client = await CompletionServer.connect(settings(server), READER, TRIAL, NEVER, anHour);
    assert.deepEqual((await complete(client)).tokens, [9, END]);
    assert.equal(asked, 3);
  });
}

test('a wait is asked for in seconds or as a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfterMs('2', now), 2000);
  assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000);
  assert.equal(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
  assert.equal(retryAfterMs('soon', now), null);
  assert.equal(retryAfterMs(undefined, now), null);
});

test('a fault that stays is told after a few attempts, and a wait without end is not waited', async (t) => {
  const broken = await wellAtFirst(t, () => new Answer(500, { error: { message: 'CUDA error' } }));
  await assert.rejects(
    complete(broken.client),
    one(ServerError, /answers \/completions with 500: CUDA error \(tried 4 times\)$/),
  );
  assert.equal(broken.server.requests('/completions').length, 5);
  const patient = await wellAtFirst(t, () => new Answer(503, '', { 'retry-after': '86400' }));
  await assert.rejects(complete(patient.client), one(ServerError, /503, and asks to wait 86400 s$/));
});

test('a connection that breaks is tried again, a refusal is not', async (t) => {
  let broken = 0;
  const flaky = await wellAtFirst(t, (_, response) => {
    if (broken++ > 1) return VLLM;
    response.destroy();
    return LEFT_ALONE;
  });
  assert.deepEqual((await complete(flaky.client)).tokens, [9, END]);
  const strict = await wellAtFirst(t, () => new Answer(400, { error: { message: 'too long:\n4097 > 4096' } }));
  await assert.rejects(
    complete(strict.client),
    one(ServerError, /refuses \/completions \(400\): too long: 4097 > 4096$/),
  );
  assert.equal(strict.server.requests('/completions').length, 2);
});
