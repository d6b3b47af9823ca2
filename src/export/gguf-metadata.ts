/** The key-value part of a GGUF file: little-endian, strings with a 64-bit length in front.
 *  https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */

/** A metadata value with its type, as readers are strict about it. */
export type GgufValue =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s' | 'float32s'; readonly value: readonly number[] };

const TYPE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

/** The bytes of one key and its value. */
export function encodeEntry(key: string, value: GgufValue): Uint8Array {
  return Buffer.concat([encodeString(key), ...encodeValue(value)]);
}

/** The bytes of a string: its length in bytes, then UTF-8. */
export function encodeString(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([uint64(bytes.length), bytes]);
}

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
export function uint64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function encodeValue({ type, value }: GgufValue): Uint8Array[] {
  switch (type) {
    case 'uint32':
      return [uint32(TYPE.uint32), uint32(value)];
    case 'int32':
      return [uint32(TYPE.int32), int32(value)];
    case 'float32': {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value);
      return [uint32(TYPE.float32), bytes];
    }
    case 'bool':
      return [uint32(TYPE.bool), Uint8Array.of(value ? 1 : 0)];
    case 'string':
      return [uint32(TYPE.string), encodeString(value)];
    case 'strings':
      return [...arrayHead('string', value.length), ...value.map(encodeString)];
    case 'int32s':
      return [...arrayHead('int32', value.length), new Uint8Array(Int32Array.from(value).buffer)];
    case 'float32s':
      return [...arrayHead('float32', value.length), new Uint8Array(Float32Array.from(value).buffer)];
  }
}

const arrayHead = (type: keyof typeof TYPE, length: number): Uint8Array[] => [
  uint32(TYPE.array),
  uint32(TYPE[type]),
  uint64(length),
];

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
