import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { CheckpointError } from '../../src/errors.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { type LoraSettings, loraLayout } from '../../src/lm/lora.js';
import { decodeSafetensors } from '../../src/lm/safetensors.js';
import { OnnxPolicy } from '../../src/policies/onnx.js';
import { ServedPolicy } from '../../src/policies/served.js';
import { freshState } from '../../src/policies/state.js';
import { AdapterHost } from '../../src/remote/adapter-host.js';
import { CompletionServer } from '../../src/remote/completion-server.js';
import { writePeftFolder } from '../../src/remote/peft-folder.js';
import { LmPool } from '../../src/workers/pool.js';
import { Answer, type Answering, type FakeServer, fakeServer } from '../support/fake-server.js';
import { numberedTokenizer } from '../support/served-model.js';
import { QWEN3 } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

/** What a policy has learnt, loaded at a server as vLLM takes it: its protocol of adapters, with their real files. */

const pool = new LmPool(QWEN3, 'cpu', 1, 1, () => {}); // never asked to compute anything
after(() => pool.close());

const PROMPTS = [[1, 2], [3, 4, 5], [6]];
const SAMPLING = samplingSettings({ maxTokens: 9, stops: [0, 11] });
const READER = { tokenizer: numberedTokenizer(24), vocabularySize: 24 };
const NEVER = new AbortController().signal;

const LORA: LoraSettings = { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'] };

const COMPLETION = { choices: [{ token_ids: [11], finish_reason: 'stop', logprobs: { token_logprobs: [-1] } }] };

/** The protocol of vLLM for adapters, with what each loaded folder held. */
async function adapterServer(t: TestContext, isListed = true) {
  const loaded = new Map<string, Uint8Array>();
  const handlers: Readonly<Record<string, Answering>> = {
    '/models': () => {
      const adapters = isListed ? [...loaded.keys()].map((id) => ({ id, parent: 'base' })) : [];
      return { data: [{ id: 'base' }, ...adapters] };
    },
    '/load_lora_adapter': ({ body }) => {
      const [name, path] = [String(body['lora_name']), String(body['lora_path'])];
      if (loaded.has(name))
        return new Answer(400, { error: { message: `The lora adapter '${name}' has already been loaded.` } });
      const { peft_type, r, lora_alpha, target_modules } = JSON.parse(
        readFileSync(join(path, 'adapter_config.json'), 'utf8'),
      );
      assert.deepEqual([peft_type, r, lora_alpha, target_modules], ['LORA', 2, 4, ['q_proj', 'v_proj']]);
      loaded.set(name, readFileSync(join(path, 'adapter_model.safetensors')));
      return new Answer(200, `Success: LoRA adapter '${name}' added successfully.`);
    },
    '/unload_lora_adapter': ({ body }) =>
      loaded.delete(String(body['lora_name']))
        ? new Answer(200, 'Success')
        : new Answer(404, { error: { message: "The lora adapter 'x' cannot be found." } }),
    '/completions': ({ body }) =>
      loaded.has(String(body['model'])) || body['model'] === 'base'
        ? COMPLETION
        : new Answer(404, { error: { message: `The model \`${body['model']}\` does not exist.` } }),
  };
  return { server: await fakeServer(t, handlers), loaded };
}

const adapters = (fill: number): Float32Array => new Float32Array(loraLayout(QWEN3, LORA).size).fill(fill);

async function hosted(t: TestContext, server: FakeServer, folder = temporaryFolder(t)) {
  const settings = { ...server.place, model: 'base', concurrency: 8 };
  const client = await CompletionServer.connect(settings, READER, { prompt: [1], stops: [11] }, NEVER);
  const host = new AdapterHost(client, folder, 'rzero-r1-solver', (path, flat) =>
    writePeftFolder(path, QWEN3, LORA, flat, 'base'),
  );
  const own = new OnnxPolicy(pool, null, freshState(adapters(0)));
  const source = { server: client, host, samples: null, importanceCap: 2, signal: NEVER, onUnfaithful: () => {} };
  return { own, folder, policy: new ServedPolicy(own, source) };
}

test('every version of adapters is loaded once under a name of its content, before it is asked for', async (t) => {
  const { server, loaded } = await adapterServer(t);
  const { own, policy } = await hosted(t, server);
  await Promise.all([1, 2, 3].map((key) => policy.generate(PROMPTS, 2, SAMPLING, key)));
  own.restore(freshState(adapters(0.5)));
  await policy.generate(PROMPTS, 2, SAMPLING, 4);
  const loads = server.requests('/load_lora_adapter').map(({ body }) => String(body['lora_name']));
  assert.equal(loads.length, 2);
  assert.ok(loads.every((name) => /^rzero-r1-solver-[0-9a-f]{12}$/.test(name)));
  const asked = server
    .requests('/completions')
    .slice(1)
    .map(({ body }) => body['model']);
  assert.deepEqual(asked, [...Array(18).fill(loads[0]), ...Array(6).fill(loads[1])]);
  const tensors = decodeSafetensors(loaded.get(loads[1] as string) as Uint8Array, 'sent');
  assert.equal(tensors.size, 2 * 2 * QWEN3.layerCount);
  const { shape, data } = tensors.get('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight') ?? {};
  assert.deepEqual(shape, [2, QWEN3.hiddenSize]);
  assert.ok(data?.every((x) => x === 0.5));
});

test('the newest two stay loaded; older ones are unloaded, and their folders deleted', async (t) => {
  const { server, loaded } = await adapterServer(t);
  const { own, policy, folder } = await hosted(t, server);
  for (const fill of [1, 2, 3, 4]) {
    own.restore(freshState(adapters(fill)));
    await policy.generate([[1]], 1, SAMPLING, fill);
  }
  const names = server.requests('/load_lora_adapter').map(({ body }) => body['lora_name']);
  assert.deepEqual([...loaded.keys()], names.slice(2));
  assert.deepEqual(
    server.requests('/unload_lora_adapter').map(({ body }) => body['lora_name']),
    names.slice(0, 2),
  );
  assert.deepEqual(readdirSync(folder).sort(), names.slice(2).sort());
});

test('an adapter that the server turns out to have is as good as loaded', async (t) => {
  const { server, loaded } = await adapterServer(t, false);
  for (const turn of [1, 2]) await (await hosted(t, server)).policy.generate([[1]], 1, SAMPLING, turn);
  assert.equal(server.requests('/load_lora_adapter').length, 2);
  assert.equal(loaded.size, 1);
});

test('after a kill the same weights are the adapter that is loaded already, and what was left is unloaded in time', async (t) => {
  const { server, loaded } = await adapterServer(t);
  const first = await hosted(t, server);
  for (const fill of [1, 2]) {
    first.own.restore(freshState(adapters(fill)));
    await first.policy.generate([[1]], 1, SAMPLING, fill);
  }
  const again = await hosted(t, server, first.folder);
  for (const fill of [2, 3]) {
    again.own.restore(freshState(adapters(fill)));
    await again.policy.generate([[1]], 1, SAMPLING, fill);
  }
  assert.equal(loaded.size, 2);
  assert.equal(readdirSync(first.folder).length, 2);
});

test('a server that has lost an adapter is told in its own words, and loading tried again', async (t) => {
  const { server, loaded } = await adapterServer(t);
  const { own, policy } = await hosted(t, server);
  await policy.generate([[1]], 1, SAMPLING, 1);
  loaded.clear();
  await assert.rejects(policy.generate([[1]], 1, SAMPLING, 1), /The model `rzero-r1-solver-\w+` does not exist/);
  own.restore(freshState(adapters(7)));
  await policy.generate([[1]], 1, SAMPLING, 1);
});

test('a server without hot loading, and one that refuses an adapter, say what would mend it', async (t) => {
  const without = await fakeServer(t, { '/completions': () => COMPLETION });
  await assert.rejects(
    (await hosted(t, without)).policy.generate([[1]], 1, SAMPLING, 1),
    /loads no adapters; start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True$/,
  );
  let attempts = 0;
  const small = await fakeServer(t, {
    '/completions': () => COMPLETION,
    '/load_lora_adapter': () => {
      attempts++;
      return new Answer(400, { error: { message: 'LoRA rank 32 is greater than max_lora_rank 16.' } });
    },
  });
  const { policy } = await hosted(t, small);
  const refused =
    /does not load the adapter in .*rzero-r1-solver-\w+: LoRA rank 32 is greater than max_lora_rank 16\.$/;
  await assert.rejects(policy.generate([[1]], 1, SAMPLING, 1), refused);
  await assert.rejects(policy.generate([[1]], 1, SAMPLING, 1), refused);
  assert.equal(attempts, 2);
});

test('a folder that can not be made is told with its setting', async (t) => {
  const { server } = await adapterServer(t);
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  const { policy } = await hosted(t, server, file);
  await assert.rejects(
    policy.generate([[1]], 1, SAMPLING, 1),
    (error) => error instanceof CheckpointError && /could not be made; see rollouts\.loraFolder$/.test(error.message),
  );
});
