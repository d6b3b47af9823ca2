import { CheckpointError } from '../errors.js';
import {
  type GgufToken,
  type GgufVocabulary,
  numberedVocabulary,
  type SpecialToken,
  type TokenType,
} from './gguf-vocabulary.js';
import { preTokenizerName } from './pre-tokenizer-name.js';
import { componentsOf, type SpecialIds, type TokenizerFile, type TokenizerSettings } from './tokenizer-file.js';

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

export interface VocabularyFound {
  readonly vocabulary: GgufVocabulary;
  /** What of the tokenizer could not be said. */
  readonly news: readonly string[];
}

/** The vocabulary for a model of `size` tokens.
 *  @throws CheckpointError where the tokenizer has more tokens than the model. */
export function tokenizerVocabulary({ tokenizer, settings, ids }: TokenizerFiles, size: number): VocabularyFound {
  const { model } = tokenizer;
  if (Array.isArray(model.vocab))
    return {
      vocabulary: numberedVocabulary(size, singleId(ids.eos_token_id, size)),
      news: ['its tokenizer is of a kind that is not written to GGUF: tokens are named by their ids'],
    };
  const texts = textsOf(tokenizer, model.vocab);
  if (texts.length > size)
    throw new CheckpointError(
      `the tokenizer has ${texts.length} tokens and the model ${size}; they are not of one checkpoint`,
    );
  const shared: Shared = {
    preTokenizer: 'default',
    special: specialIds(tokenizer, settings, ids, texts, size),
    addBos: addsBos(tokenizer, settings),
    addSpacePrefix: false,
    chatTemplate: chatTemplateOf(settings),
  };
  if (componentsOf(tokenizer.pre_tokenizer).some(({ type }) => type === 'ByteLevel'))
    return byteLevel(tokenizer, texts, shared);
  return model.byte_fallback === true ? sentencePiece(tokenizer, texts, shared) : wholeWords(tokenizer, texts, shared);
}

/** What vocabularies of all kinds have. */
type Shared = Omit<GgufVocabulary, 'model' | 'tokens' | 'merges'>;
type Texts = readonly (string | undefined)[];

function byteLevel(tokenizer: TokenizerFile, texts: Texts, shared: Shared): VocabularyFound {
  const pieces = componentsOf(tokenizer.pre_tokenizer);
  const name = preTokenizerName(pieces, tokenizer.model.ignore_merges === true);
  const tokens = typedTokens(tokenizer, texts, (text) => ({ text, type: 'normal', score: 0 }));
  return {
    vocabulary: {
      ...shared,
      model: 'gpt2',
      preTokenizer: name ?? shared.preTokenizer,
      tokens,
      merges: mergesOf(tokenizer),
    },
    news:
      name === null
        ? ['llama.cpp has no name for how its tokenizer cuts text: some texts come to other tokens there']
        : [],
  };
}

function sentencePiece(tokenizer: TokenizerFile, texts: Texts, shared: Shared): VocabularyFound {
  const scoreOf = mergeScores(mergesOf(tokenizer));
  const typeOf = (text: string): TokenType =>
    text === tokenizer.model.unk_token ? 'unknown' : /^<0x[0-9A-F]{2}>$/.test(text) ? 'byte' : 'normal';
  const tokens = typedTokens(tokenizer, texts, (text) => ({ text, type: typeOf(text), score: scoreOf(text) }));
  const addSpacePrefix = prependsSpace(tokenizer);
  return { vocabulary: { ...shared, model: 'llama', tokens, merges: [], addSpacePrefix }, news: [] };
}

function wholeWords(tokenizer: TokenizerFile, texts: Texts, shared: Shared): VocabularyFound {
  const tokens = typedTokens(tokenizer, texts, (text) => ({ text, type: 'userDefined', score: 0 }));
  return {
    vocabulary: { ...shared, model: 'gpt2', tokens, merges: [] },
    news: [
      'GGUF can not say how its tokenizer normalizes text: give llama.cpp tokens, or texts spelled as the tokens are',
    ],
  };
}

/** BPE's merges in their order, whichever way the file spells them. */
const mergesOf = ({ model }: TokenizerFile): string[] =>
  model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));

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
  texts: Texts,
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
