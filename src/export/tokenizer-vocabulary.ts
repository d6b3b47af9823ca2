import { CheckpointError } from '../errors.js';
import { type GgufToken, type GgufVocabulary, numberedVocabulary, type SpecialToken } from './gguf-vocabulary.js';
import {
  type Component,
  componentsOf,
  type SpecialIds,
  type TokenizerFile,
  type TokenizerSettings,
} from './tokenizer-file.js';

/**
 * A checkpoint's tokenizer as llama.cpp has it. Four cases:
 * - byte-level BPE (Qwen, Llama 3): tokens and merges as they are, and llama.cpp's name for the regular expression that cuts
 *   text beforehand;
 * - SentencePiece's BPE (Llama 2), which falls back to bytes: a token's score is the rank of its merge;
 * - whole words with no merges (the embedded model): GGUF has no normalizer and no expression of one's own, so the tokens are
 *   user-defined texts, the longest of which is looked for first;
 * - any other kind: tokens named by their ids.
 */
export interface TokenizerFiles {
  readonly tokenizer: TokenizerFile;
  readonly settings: TokenizerSettings;
  /** Of config.json. */
  readonly ids: SpecialIds;
}

/** The vocabulary for a model of `size` tokens, and what of the tokenizer could not be said.
 *  @throws CheckpointError where the tokenizer has more tokens than the model. */
export function tokenizerVocabulary(
  { tokenizer, settings, ids }: TokenizerFiles,
  size: number,
): { readonly vocabulary: GgufVocabulary; readonly news: readonly string[] } {
  const { model } = tokenizer;
  if (Array.isArray(model.vocab)) {
    const vocabulary = numberedVocabulary(size, singleId(ids.eos_token_id, size));
    return {
      vocabulary,
      news: ['its tokenizer is of a kind that is not written to GGUF: tokens are named by their ids'],
    };
  }
  const texts = textsOf(tokenizer, model.vocab);
  if (texts.length > size)
    throw new CheckpointError(
      `the tokenizer has ${texts.length} tokens and the model ${size}; they are not of one checkpoint`,
    );
  const shared = {
    special: specialIds(tokenizer, settings, ids, texts, size),
    addBos: addsBos(tokenizer, settings),
    chatTemplate: chatTemplateOf(settings),
  };
  const merges = model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
  const pieces = componentsOf(tokenizer.pre_tokenizer);
  if (pieces.some(({ type }) => type === 'ByteLevel')) {
    const known = byteLevelName(pieces, model.ignore_merges === true);
    return {
      vocabulary: {
        ...shared,
        model: 'gpt2',
        preTokenizer: known ?? 'default',
        tokens: typedTokens(tokenizer, texts, (text) => ({ text, type: 'normal', score: 0 })),
        merges,
        addSpacePrefix: pieces.some(({ type, add_prefix_space: prefix }) => type === 'ByteLevel' && prefix === true),
      },
      news:
        known === null
          ? ['llama.cpp has no name for how its tokenizer cuts text: some texts come to other tokens there']
          : [],
    };
  }
  if (model.byte_fallback === true) {
    const scoreOf = mergeScores(merges);
    return {
      vocabulary: {
        ...shared,
        model: 'llama',
        preTokenizer: 'default',
        tokens: typedTokens(tokenizer, texts, (text) => ({
          text,
          type: text === model.unk_token ? 'unknown' : /^<0x[0-9A-F]{2}>$/.test(text) ? 'byte' : 'normal',
          score: scoreOf(text),
        })),
        merges: [],
        addSpacePrefix: prependsSpace(tokenizer),
      },
      news: [],
    };
  }
  return {
    vocabulary: {
      ...shared,
      model: 'gpt2',
      preTokenizer: 'default',
      tokens: typedTokens(tokenizer, texts, (text) => ({ text, type: 'userDefined', score: 0 })),
      merges: [],
      addSpacePrefix: false,
    },
    news: [
      'GGUF can not say how its tokenizer normalizes text: give llama.cpp tokens, or texts spelled as the tokens are',
    ],
  };
}

/** Texts by id; added tokens win. */
function textsOf({ added_tokens: added }: TokenizerFile, vocab: Readonly<Record<string, number>>): string[] {
  const texts: string[] = [];
  for (const [text, id] of Object.entries(vocab)) texts[id] = text;
  for (const { id, content } of added) texts[id] = content;
  return texts;
}

/** Tokens by id: added ones are control tokens or user-defined, the rest is what `plain` says. */
function typedTokens(
  { added_tokens: added }: TokenizerFile,
  texts: readonly (string | undefined)[],
  plain: (text: string) => GgufToken,
): (GgufToken | undefined)[] {
  const special = new Map(added.map((token) => [token.id, token.special]));
  return Array.from(texts, (text, id) => {
    if (text === undefined) return undefined;
    const isSpecial = special.get(id);
    if (isSpecial === undefined) return plain(text);
    return { text, type: isSpecial ? 'control' : 'userDefined', score: 0 };
  });
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const TAIL = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
/** llama.cpp's names for how text is cut before byte-level BPE (llama-vocab.cpp, `llm_tokenizer_bpe`). Each implies whether a
 *  piece that is a token is taken without a look at the merges. */
const BYTE_LEVEL = [
  {
    name: 'qwen2',
    pattern: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${TAIL}`,
    ignoreMerges: false,
  },
  {
    name: 'llama-bpe',
    pattern: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}${TAIL}`,
    ignoreMerges: true,
  },
] as const;

function byteLevelName(pieces: readonly Component[], ignoreMerges: boolean): string | null {
  const patterns = pieces.flatMap(({ type, pattern }) => (type === 'Split' ? [regexOf(pattern)] : []));
  if (patterns.length === 0) {
    const own = pieces.length === 1 && pieces[0]?.['use_regex'] !== false && !ignoreMerges;
    return own ? 'gpt-2' : null;
  }
  const others = pieces.some(({ type }) => type !== 'Split' && type !== 'ByteLevel');
  if (patterns.length > 1 || others) return null;
  const known = BYTE_LEVEL.find((each) => each.pattern === patterns[0] && each.ignoreMerges === ignoreMerges);
  return known?.name ?? null;
}

function regexOf(pattern: unknown): string | null {
  if (typeof pattern !== 'object' || pattern === null || !('Regex' in pattern)) return null;
  return typeof pattern.Regex === 'string' ? pattern.Regex : null;
}

/** SentencePiece merges the pair whose token has the highest score; BPE the one of the lowest rank. */
function mergeScores(merges: readonly string[]): (text: string) => number {
  const ranks = new Map<string, number>();
  merges.forEach((pair, rank) => {
    const text = pair.replace(' ', '');
    if (!ranks.has(text)) ranks.set(text, rank);
  });
  return (text) => -(ranks.get(text) ?? merges.length);
}

function prependsSpace({ normalizer, pre_tokenizer: pre }: TokenizerFile): boolean {
  return [...componentsOf(normalizer), ...componentsOf(pre)].some((each) => {
    if (each.type === 'Prepend') return each['prepend'] === '▁';
    return each.type === 'Metaspace' && each['prepend_scheme'] !== 'never' && each['add_prefix_space'] !== false;
  });
}

/** Whether a text begins with the `bos` token: the settings say it, or the template that texts are put into. */
function addsBos({ post_processor: processor }: TokenizerFile, settings: TokenizerSettings): boolean {
  if (typeof settings.add_bos_token === 'boolean') return settings.add_bos_token;
  return componentsOf(processor).some(({ type, single }) => {
    const first: unknown = type === 'TemplateProcessing' && Array.isArray(single) ? single[0] : null;
    return typeof first === 'object' && first !== null && 'SpecialToken' in first;
  });
}

function chatTemplateOf({ chat_template: template }: TokenizerSettings): string | null {
  if (!Array.isArray(template)) return template ?? null;
  return (template.find(({ name }) => name === 'default') ?? template[0])?.template ?? null;
}

/** Ids of the special tokens, by name from the tokenizer's settings or by id from the model's. llama.cpp takes an ordinary token
 *  for `bos` and `eos` where none is named: then it is given one that no text has. */
function specialIds(
  tokenizer: TokenizerFile,
  settings: TokenizerSettings,
  ids: SpecialIds,
  texts: readonly string[],
  size: number,
): Record<SpecialToken, number | null> {
  const byName = (name: string | null | undefined): number | null => {
    const id = name === null || name === undefined ? -1 : texts.indexOf(name);
    return id >= 0 ? id : null;
  };
  const unknown = byName(settings.unk_token ?? tokenizer.model.unk_token);
  const padding = byName(settings.pad_token) ?? singleId(ids.pad_token_id, size);
  const control = tokenizer.added_tokens.find(({ special }) => special)?.id ?? null;
  const spare = padding ?? control ?? (texts.length < size ? texts.length : null);
  const eos = byName(settings.eos_token) ?? singleId(ids.eos_token_id, size) ?? spare;
  const bos = byName(settings.bos_token) ?? singleId(ids.bos_token_id, size) ?? eos;
  return { bos, eos, unknown, padding };
}

function singleId(ids: number | readonly number[] | null | undefined, size: number): number | null {
  const [id] = typeof ids === 'number' ? [ids] : (ids ?? []);
  return id !== undefined && id < size ? id : null;
}
