import { ByteLevelDecoder, type Tokenizer as HuggingFaceTokenizer, SequenceDecoder } from '@huggingface/tokenizers';
import { tokenByte } from './byte-fallback.js';

/**
 * The bytes of single tokens. A token need not be whole characters, so its decoded text may be U+FFFD where a sequence of
 * tokens spells a word; bytes can be put together.
 */

/** Reads a token's bytes as they are inside a text. `added` are the ids of tokens that are matched whole. */
export function byteReader(library: HuggingFaceTokenizer, added: ReadonlySet<number>): (id: number) => Uint8Array {
  const { decoder } = library;
  const byteLevel =
    decoder instanceof ByteLevelDecoder ||
    (decoder instanceof SequenceDecoder && decoder.decoders.some((each) => each instanceof ByteLevelDecoder));
  const utf8 = new TextEncoder();
  return (id) => {
    const token = library.id_to_token(id);
    if (token === undefined || token === null) return new Uint8Array();
    if (added.has(id)) return utf8.encode(token);
    if (byteLevel) return byteLevelBytes(token) ?? utf8.encode(token);
    const byte = tokenByte(token);
    if (byte !== null) return Uint8Array.of(byte);
    // SentencePiece: a mark for the space, which decoding strips at the beginning of a text.
    if (token.includes('▁')) return utf8.encode(token.replaceAll('▁', ' '));
    return utf8.encode(library.decode([id], { clean_up_tokenization_spaces: false }));
  };
}

/** The byte of each character in which GPT-2's byte-level vocabularies are written: printable Latin-1 stands for itself,
 *  the other bytes for characters from U+0100 on. */
const BYTE_OF = new Map<string, number>();
for (let byte = 0, next = 0x100; byte < 256; byte++) {
  const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  BYTE_OF.set(String.fromCharCode(printable ? byte : next++), byte);
}

/** Null for a token that is not written in that alphabet. */
function byteLevelBytes(token: string): Uint8Array | null {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTE_OF.get(character);
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
