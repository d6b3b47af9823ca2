import assert from 'node:assert/strict';

/** A reader of GGUF version 3, written from the format's description and not from our writer. */
export interface GgufFile {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, unknown>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** Bytes after the header and its padding. */
  readonly dataSize: number;
}
export interface GgufTensor {
  readonly sizes: readonly number[];
  readonly offset: number;
  /** ggml's number: 0 is F32, 1 F16, 30 BF16. */
  readonly type: number;
  readonly sizeBytes: number;
  readonly data: Float32Array;
}

/** A value of a tensor's type, from its bytes. */
const READERS: Readonly<Record<number, readonly [width: number, read: (bytes: Buffer, at: number) => number]>> = {
  0: [4, (bytes, at) => bytes.readFloatLE(at)],
  1: [2, (bytes, at) => fromFloat16(bytes.readUInt16LE(at))],
  30: [2, (bytes, at) => fromBfloat16(bytes.readUInt16LE(at))],
};

/** The value of bfloat16 bits. */
export const fromBfloat16 = (bits: number): number =>
  new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? Number.NaN;

/** The value of IEEE 754 binary16 bits. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function readGguf(bytes: Buffer): GgufFile {
  let at = 0;
  const advance = (size: number): number => {
    at += size;
    return at - size;
  };
  const u32 = (): number => bytes.readUInt32LE(advance(4));
  const u64 = (): number => Number(bytes.readBigUInt64LE(advance(8)));
  const text = (): string => {
    const size = u64();
    return bytes.toString('utf8', advance(size), at);
  };
  const value = (type: number): unknown => {
    switch (type) {
      case 4:
        return u32();
      case 5:
        return bytes.readInt32LE(advance(4));
      case 6:
        return bytes.readFloatLE(advance(4));
      case 7:
        return bytes.readUInt8(advance(1)) === 1;
      case 8:
        return text();
      case 9: {
        const [itemType, count] = [u32(), u64()];
        return Array.from({ length: count }, () => value(itemType));
      }
      default:
        return assert.fail(`value type ${type}`);
    }
  };

  assert.equal(bytes.toString('latin1', advance(4), at), 'GGUF');
  const [version, tensorCount, metadataCount] = [u32(), u64(), u64()];
  const metadata = new Map(Array.from({ length: metadataCount }, () => [text(), value(u32())]));
  const places = Array.from({ length: tensorCount }, () => {
    const name = text();
    const rank = u32();
    const sizes = Array.from({ length: rank }, u64);
    return { name, sizes, type: u32(), offset: u64() };
  });
  const alignment = metadata.get('general.alignment');
  assert.ok(typeof alignment === 'number');
  const start = Math.ceil(at / alignment) * alignment;
  const tensors = new Map(
    places.map(({ name, sizes, type, offset }) => {
      const count = sizes.reduce((product, size) => product * size, 1);
      const [width, read] = READERS[type] ?? assert.fail(`${name} has type ${type}`);
      const data = Float32Array.from({ length: count }, (_, i) => read(bytes, start + offset + width * i));
      return [name, { sizes, offset, type, sizeBytes: width * count, data }];
    }),
  );
  return { version, metadata, tensors, dataSize: bytes.length - start };
}
