import { maskedCrc32c } from './crc32c.js';

/**
 * TFRecord, the framing of TensorBoard's event files. A record is
 *
 *     length (uint64)  masked CRC-32C of the length (uint32)  bytes  masked CRC-32C of the bytes (uint32)
 *
 * with all numbers little-endian.
 */

const HEAD_BYTES = 12;
const FOOT_BYTES = 4;

export function frame(bytes: Uint8Array): Buffer {
  const framed = Buffer.alloc(HEAD_BYTES + bytes.length + FOOT_BYTES);
  framed.writeBigUInt64LE(BigInt(bytes.length), 0);
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  framed.set(bytes, HEAD_BYTES);
  framed.writeUInt32LE(maskedCrc32c(bytes), HEAD_BYTES + bytes.length);
  return framed;
}

/** The records from the beginning up to the first that is cut or damaged, and where the last of them ends. */
export function readFrames(file: Buffer): { readonly records: readonly Buffer[]; readonly endByte: number } {
  const records: Buffer[] = [];
  let endByte = 0;
  for (;;) {
    const rest = file.subarray(endByte);
    if (rest.length < HEAD_BYTES || rest.readUInt32LE(8) !== maskedCrc32c(rest.subarray(0, 8))) break;
    const end = HEAD_BYTES + Number(rest.readBigUInt64LE(0));
    if (rest.length < end + FOOT_BYTES) break;
    const record = rest.subarray(HEAD_BYTES, end);
    if (rest.readUInt32LE(end) !== maskedCrc32c(record)) break;
    records.push(record);
    endByte += end + FOOT_BYTES;
  }
  return { records, endByte };
}
