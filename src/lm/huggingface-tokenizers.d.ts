/**
 * What rzero uses of @huggingface/tokenizers. Its own types import each other without file endings, which the module
 * resolution of Node finds nothing by, and everything would be `any`.
 */
declare module '@huggingface/tokenizers' {
  export interface Decoder {
    decode_chain(tokens: string[]): string[];
  }
  export class ByteLevelDecoder implements Decoder {
    decode_chain(tokens: string[]): string[];
  }
  export class ByteFallbackDecoder implements Decoder {
    constructor(config: { readonly type: 'ByteFallback' });
    decode_chain(tokens: string[]): string[];
  }
  export class SequenceDecoder implements Decoder {
    decoders: readonly Decoder[];
    decode_chain(tokens: string[]): string[];
  }
  export class Tokenizer {
    constructor(definition: object, config: object);
    decoder: Decoder | null;
    encode(text: string, options?: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
    decode(ids: readonly number[], options: { readonly clean_up_tokenization_spaces: boolean }): string;
    /** Undefined, or null, for an id that is not there. */
    id_to_token(id: number): string | undefined | null;
    /** Ids by token; one of the keys is undefined where ids are missing. */
    get_vocab(): Map<string | undefined, number>;
  }
}
