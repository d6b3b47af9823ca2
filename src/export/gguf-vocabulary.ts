import type { GgufValue } from './gguf-metadata.js';

/** The tokenizer in a GGUF file. */
export interface GgufVocabulary {
  /** llama.cpp's tokenizer model: `gpt2` is byte-level BPE, `llama` SentencePiece, `rwkv` the longest token that fits. */
  readonly model: 'gpt2' | 'llama' | 'rwkv';
  /** llama.cpp's name of how text is cut before BPE, such as `qwen2`. */
  readonly preTokenizer: string;
  /** By id; those up to the model's vocabulary size that are not here are filled up as unused. */
  readonly tokens: readonly (GgufToken | undefined)[];
  /** BPE's, `a b` by rank. */
  readonly merges: readonly string[];
  /** Ids of special tokens, where there are such. */
  readonly special: Readonly<Record<SpecialToken, number | null>>;
  /** Whether a text begins with the `bos` token. */
  readonly addBos: boolean;
  /** Whether a text begins with a space. */
  readonly addSpacePrefix: boolean;
  /** Jinja, as in tokenizer_config.json. */
  readonly chatTemplate: string | null;
}

export interface GgufToken {
  readonly text: string;
  readonly type: TokenType;
  /** SentencePiece's: pairs with a higher one are merged sooner. */
  readonly score: number;
}
export type SpecialToken = 'bos' | 'eos' | 'unknown' | 'padding';

/** llama.cpp's types of tokens. A control token has no text for a reader, and is looked for in text only where that is asked
 *  for; a user-defined one is looked for before all others, and its text is taken as it is. */
const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
export type TokenType = keyof typeof TOKEN_TYPES;

/** Tokens named by their ids, `[1]` and so on: enough for a reader that is given ids.
 *
 *  As `no_vocab`, node-llama-cpp aborts while loading: it always makes a tokenizer. As `gpt2` or `llama`, llama.cpp takes some
 *  ordinary token for the end of a sequence; as `rwkv` it takes none, and needs one for text that no token spells. There the
 *  first token is `[`: text that begins like a token and is none would be cut without end if its first character were none. */
export function numberedVocabulary(size: number, endOfSequenceId: number | null): GgufVocabulary {
  return {
    model: 'rwkv',
    preTokenizer: 'default',
    tokens: Array.from({ length: size }, (_, id) => ({ text: id === 0 ? '[' : `[${id}]`, type: 'normal', score: 0 })),
    merges: [],
    special: { bos: null, eos: endOfSequenceId, unknown: 0, padding: null },
    addBos: false,
    addSpacePrefix: false,
    chatTemplate: null,
  };
}

/** The vocabulary as metadata, for a model of `size` tokens. */
export function vocabularyMetadata(size: number, vocabulary: GgufVocabulary): Record<string, GgufValue> {
  const tokens = filledUp(vocabulary.tokens, size);
  const { special, chatTemplate, model } = vocabulary;
  const specialIds = Object.entries(special).flatMap(([name, id]) =>
    id === null
      ? []
      : [[`tokenizer.ggml.${name}_token_id`, { type: 'uint32', value: id } satisfies GgufValue] as const],
  );
  return {
    'tokenizer.ggml.model': { type: 'string', value: model },
    'tokenizer.ggml.pre': { type: 'string', value: vocabulary.preTokenizer },
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens.map(({ text }) => text) },
    'tokenizer.ggml.token_type': { type: 'int32s', value: tokens.map(({ type }) => TOKEN_TYPES[type]) },
    ...(model === 'llama'
      ? { 'tokenizer.ggml.scores': { type: 'float32s', value: tokens.map(({ score }) => score) } }
      : { 'tokenizer.ggml.merges': { type: 'strings', value: vocabulary.merges } }),
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: vocabulary.addBos },
    'tokenizer.ggml.add_space_prefix': { type: 'bool', value: vocabulary.addSpacePrefix },
    ...Object.fromEntries(specialIds),
    ...(chatTemplate === null ? {} : { 'tokenizer.chat_template': { type: 'string', value: chatTemplate } }),
  };
}

/** A token for each id. llama.cpp refuses a text that two of them have. */
function filledUp(tokens: GgufVocabulary['tokens'], size: number): GgufToken[] {
  const seen = new Set(tokens.flatMap((token) => (token === undefined ? [] : [token.text])));
  const given = new Set<string>();
  return Array.from({ length: size }, (_, id) => {
    const token = tokens[id];
    if (token !== undefined && token.text !== '' && !given.has(token.text)) {
      given.add(token.text);
      return token;
    }
    let text = `[PAD${id}]`;
    while (seen.has(text)) text = `[${text}]`;
    seen.add(text);
    return { text, type: 'unused', score: 0 };
  });
}
