import { ByteFallbackDecoder, type Tokenizer as HuggingFaceTokenizer, SequenceDecoder } from '@huggingface/tokenizers';

/**
 * Byte tokens of SentencePiece vocabularies, `<0x41>`, back to text as Hugging Face's Rust tokenizers do it: a run of them
 * that is UTF-8 is its text, and any other run is one U+FFFD for each byte. The library's own decoder differs in two ways:
 * it drops a byte order mark, and it keeps what is readable of a broken run.
 */
class ByteRuns extends ByteFallbackDecoder {
  override decode_chain(tokens: string[]): string[] {
    const texts: string[] = [];
    let run: number[] = [];
    const close = (): void => {
      if (run.length > 0) texts.push(runText(Uint8Array.from(run)));
      run = [];
    };
    for (const token of tokens) {
      const byte = tokenByte(token);
      if (byte === null) {
        close();
        texts.push(token);
      } else run.push(byte);
    }
    close();
    return texts;
  }
}

/** The byte that a token such as `<0x41>` stands for; null for any other token. */
export function tokenByte(token: string): number | null {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return hex === undefined ? null : Number.parseInt(hex, 16);
}

/** Gives the library's tokenizer this decoder of byte tokens in place of its own, where it has one. */
export function mendByteFallback(library: HuggingFaceTokenizer): void {
  const { decoder } = library;
  const mended = new ByteRuns({ type: 'ByteFallback' });
  if (decoder instanceof ByteFallbackDecoder) library.decoder = mended;
  if (decoder instanceof SequenceDecoder)
    decoder.decoders = decoder.decoders.map((each) => (each instanceof ByteFallbackDecoder ? mended : each));
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function runText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return '\ufffd'.repeat(bytes.length); // what is not UTF-8 has no text
  }
}
