import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The embedded model's tokenizer, as the tokenizer.json that any reader of that format loads.
 *
 * - It is near-character: a few frequent phrases, then single characters.
 * - A digit of an ordinary number carries its place: the normaliser writes "98" as "9₁8₀", and each such pair is one
 *   token. A column-wise sum then lines up by token, and not by counting characters from an end not yet seen.
 * - The decoder takes the marks off again ("9₁8₀" is "98"), except in working columns such as "8₀5₀>13₀", where they
 *   are part of the text: there each digit stands alone, the carry without a mark.
 * - So decode(encode(text)) is the text, and encode(decode(tokens)) the tokens, for everything the corpus has.
 */

export const SPECIALS = ['<pad>', '<eos>', '<q>', '<g>', '<a>', '<w>', '<unk>'] as const;
const PHRASES = {
  arithmetic: ['What is ', ' plus ', ' minus ', ' times ', ' + ', ' - ', ' * '],
  general: [
    'True',
    'False',
    ' and ',
    ' or ',
    'not ',
    '( ',
    ' )',
    ' is',
    'larger: ',
    'max: ',
    'sort: ',
    'count ',
    ' in ',
  ],
  answer: ['\\boxed{'],
};
const DIGITS = [...'0123456789'];
const CHARACTERS = [...DIGITS, ...'abcdefghijTF+-*/=()?{}<>~,.:&| '];
/** The mark of each place, ones first. Digits of higher places stay bare. */
export const PLACE_MARKS = ['₀', '₁', '₂', '₃', '₄', '₅'] as const;

/** Every token; a token's id is its index. */
export const VOCABULARY: readonly string[] = [
  ...SPECIALS,
  ...Object.values(PHRASES).flat(),
  ...CHARACTERS,
  ...PLACE_MARKS.flatMap((mark) => DIGITS.map((digit) => digit + mark)),
];

/** Source of a regular expression that matches one token at a time, longest first; characters it does not know,
 *  it does not match. */
export const PIECE_PATTERN = [...VOCABULARY]
  .filter((piece) => !SPECIALS.some((special) => special === piece))
  .sort((a, b) => b.length - a.length)
  .map(escapePattern)
  .join('|');

/** Writes tokenizer.json and tokenizer_config.json into `folder`, which is made where missing. */
export function writeTokenizer(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tokenizer.json'), `${JSON.stringify(tokenizerJson(), null, 1)}\n`);
  writeFileSync(join(folder, 'tokenizer_config.json'), `${JSON.stringify(tokenizerConfig(), null, 1)}\n`);
}

/** The content of tokenizer.json. */
export function tokenizerJson(): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIALS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'Sequence', normalizers: placeRules() },
    pre_tokenizer: { type: 'Split', pattern: { Regex: PIECE_PATTERN }, behavior: 'Isolated', invert: false },
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [{ type: 'Fuse' }, { type: 'Replace', pattern: { Regex: ORDINARY_MARK }, content: '' }],
    },
    // With the pieces cut by the pre-tokenizer there is nothing to merge: BPE is the model that looks a piece up
    // whole (ignore_merges) and gives <unk> for each character of one that it does not have.
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(VOCABULARY.map((piece, id) => [piece, id])),
      merges: [],
    },
  };
}

/** The content of tokenizer_config.json. */
export function tokenizerConfig(): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    pad_token: '<pad>',
    eos_token: '<eos>',
    unk_token: '<unk>',
    clean_up_tokenization_spaces: false,
  };
}

/** One replacement for each digit and place, highest place first: a digit gets mark p when exactly p bare digits and
 *  then neither a digit nor a mark follow. So the carry in ">13₀" stays bare, and marked text is a fixed point. */
function placeRules(): object[] {
  const marks = PLACE_MARKS.join('');
  return PLACE_MARKS.flatMap((mark, place) =>
    DIGITS.map((digit) => ({
      type: 'Replace',
      pattern: { Regex: `${digit}(?=[0-9]{${place}}(?![0-9${marks}]))` },
      content: digit + mark,
    })),
  ).reverse();
}

/** A mark outside of working columns: not before a comparison ("8₀>…", "8₀5₀>…") and not after one ("4₂~4₂", and with
 *  the carry between, "8₀5₀>13₀"). The sign must stand between digits: "<w>12" is no comparison. */
const ORDINARY_MARK = '(?<![₀-₅][<>~][0-9])(?<![₀-₅]>[0-9][0-9])[₀-₅](?![<>~][0-9]|[0-9][₀-₅]>[0-9])';

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
