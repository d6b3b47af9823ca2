import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { CheckpointError, InternalError, UsageError } from '../errors.js';
import { mendByteFallback } from './byte-fallback.js';
import { type ChatTemplate, chatTemplate } from './chat.js';
import { byteReader } from './token-bytes.js';
import { type AddedToken, readTextSettings, readTokenizerFile, type TextSettings } from './tokenizer-files.js';

/** Text to token ids and back, as a checkpoint's own tokenizer.json defines it, and what else the folder says of text. */
export interface Tokenizer {
  /** Token ids of `text`. Names of special tokens inside it become those tokens; nothing is added around it. Work grows
   *  with the text's length times its logarithm at most. @throws UsageError for a text beyond {@link MAX_TEXT_LENGTH}. */
  encode(text: string): number[];
  /** Text of `ids`, special tokens included by name. Ids beyond the vocabulary, which a checkpoint's padded
   *  embedding allows, decode to nothing. Tokens that hold a part of a character give it together. */
  decode(ids: readonly number[]): string;
  /** The bytes of UTF-8 that a token stands for inside a text; none for an id that is not there. */
  bytes(id: number): Uint8Array;
  /** Ids of the special tokens by name. */
  readonly specials: ReadonlyMap<string, number>;
  /** Ids of all tokens that are matched whole in a text, the special ones among them: `<think>` is one that is not special. */
  readonly addedTokens: ReadonlyMap<string, number>;
  /** One more than the highest id. */
  readonly vocabularySize: number;
  /** What the checkpoint's own post-processing puts ahead of a text: the id of `<|begin_of_text|>`, or nothing. */
  readonly opening: readonly number[];
  /** Every token that ends a text: what the folder's files name, and the ends of turns that its vocabulary has. */
  readonly endIds: readonly number[];
  /** How a conversation is written for this model; null for a base model that has no such form. */
  readonly chat: ChatTemplate | null;
}

/** The longest text that is cut into tokens, in UTF-16 code units: ten times what the longest context takes. */
export const MAX_TEXT_LENGTH = 4 * 2 ** 20;

/** Names under which the model families end a turn or a document. A base model's files name only the second. */
const END_NAMES = ['<|im_end|>', '<|endoftext|>', '<|eot_id|>', '<|eom_id|>', '<|end_of_text|>', '</s>'] as const;

/** The tokenizer of a checkpoint folder: its tokenizer.json and tokenizer_config.json, and where they are there
 *  generation_config.json, config.json (what ends a text) and chat_template.jinja.
 *  @throws CheckpointError when one of the first two is missing, or any is malformed. */
export function loadTokenizer(folder: string): Tokenizer {
  const { path, definition } = readTokenizerFile(folder);
  const settings = readTextSettings(folder);
  const added = withMissing(definition.added_tokens, settings.addedTokens);
  let library: HuggingFaceTokenizer;
  try {
    library = new HuggingFaceTokenizer({ ...definition, added_tokens: added }, settings.config);
    mendByteFallback(library);
    library.encode(' '); // a part that only fails at work fails here
  } catch (cause) {
    throw new CheckpointError(`${path} is not a tokenizer that @huggingface/tokenizers can read`, { cause });
  }
  return wrap(library, added, settings);
}

/** Id of the special token `name`.
 *  @throws CheckpointError when the tokenizer has none of that name. */
export function specialId(tokenizer: Tokenizer, name: string): number {
  const id = tokenizer.specials.get(name);
  if (id !== undefined) return id;
  const names = [...tokenizer.specials.keys()].join(', ');
  throw new CheckpointError(`the tokenizer has no special token ${name}; it has ${names || 'none'}`);
}

/** Ids of a text that a prompt begins with: what the checkpoint puts ahead of a text is put there, unless it is. */
export function encodeOpened(tokenizer: Tokenizer, text: string): number[] {
  const ids = tokenizer.encode(text);
  return tokenizer.opening.every((id, i) => ids[i] === id) ? ids : [...tokenizer.opening, ...ids];
}

function wrap(library: HuggingFaceTokenizer, added: readonly AddedToken[], settings: TextSettings): Tokenizer {
  const vocabulary = library.get_vocab();
  const known = new Set<number>();
  for (const [token, id] of vocabulary) if (token !== undefined) known.add(id); // the library has holes as undefined
  let vocabularySize = 0;
  for (const id of known) vocabularySize = Math.max(vocabularySize, id + 1);
  const idOf = new Map(added.map(({ content, id }) => [content, id]));
  const decode = (ids: readonly number[]): string => {
    const present = ids.filter((id) => isKnown(id, known));
    // The library refuses an empty list, and its clean-up of spaces (on by default) changes " ." and the like.
    return present.length === 0 ? '' : library.decode(present, { clean_up_tokenization_spaces: false });
  };
  return {
    encode: (text) => library.encode(bounded(text), { add_special_tokens: false }).ids,
    decode,
    bytes: byteReader(library, new Set(idOf.values())),
    specials: new Map(added.filter((token) => token.special).map((token) => [token.content, token.id])),
    addedTokens: idOf,
    vocabularySize,
    opening: openingIds(library),
    endIds: endIds(settings, idOf, vocabulary, known),
    chat: settings.template === null ? null : chatTemplate(settings.template, settings.names),
  };
}

/** The tokens of tokenizer.json, and those that only tokenizer_config.json has; the first comes first where they differ. */
function withMissing(added: readonly AddedToken[], others: readonly AddedToken[]): AddedToken[] {
  const ids = new Set(added.map(({ id }) => id));
  const contents = new Set(added.map(({ content }) => content));
  return [...added, ...others.filter(({ id, content }) => !ids.has(id) && !contents.has(content))];
}

function openingIds(library: HuggingFaceTokenizer): number[] {
  const plain = library.encode('a', { add_special_tokens: false }).ids;
  const { ids } = library.encode('a', { add_special_tokens: true });
  const first = plain[0];
  return first === undefined ? [] : ids.slice(0, Math.max(0, ids.indexOf(first)));
}

/** Ids in order of who names them, each once. What the vocabulary does not have can't be sampled and is left out. */
function endIds(
  { endIds: named, names }: TextSettings,
  added: ReadonlyMap<string, number>,
  vocabulary: ReadonlyMap<string | undefined, number>,
  known: ReadonlySet<number>,
): number[] {
  const eos = names.eos_token === null ? undefined : (added.get(names.eos_token) ?? vocabulary.get(names.eos_token));
  const turns = END_NAMES.map((name) => added.get(name));
  return [...new Set([...named, eos, ...turns])].filter((id): id is number => id !== undefined && known.has(id));
}

function bounded(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH) return text;
  throw new UsageError(`a text of ${text.length} characters is too long for a model; give at most ${MAX_TEXT_LENGTH}`);
}

function isKnown(id: number, known: ReadonlySet<number>): boolean {
  if (!Number.isInteger(id) || id < 0) throw new InternalError(`expected a token id to decode, got ${id}`);
  return known.has(id);
}
