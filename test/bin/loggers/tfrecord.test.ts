import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c, maskedCrc32c } from '../../../bin/loggers/crc32c.js';
import { frame, readFrames } from '../../../bin/loggers/tfrecord.js';

test('CRC-32C gives the values of RFC 3720, appendix B.4, and of its check string', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array()), 0);
});

test('the mask rotates by 15 bits and adds 0xa282ead8', () => {
  // 0xe3069283 >>> 15 is 0x1c60d, << 17 is 0x25060000: together 0x2507c60d, and 0x2507c60d + 0xa282ead8 is 0xc78ab0e5
  assert.equal(maskedCrc32c(Buffer.from('123456789')), 0xc78ab0e5);
});

test('a frame is the length, its checksum, the bytes, their checksum', () => {
  const framed = frame(Buffer.from('123456789'));
  assert.equal(framed.length, 8 + 4 + 9 + 4);
  assert.equal(framed.readBigUInt64LE(0), 9n);
  assert.equal(framed.readUInt32LE(8), maskedCrc32c(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)));
  assert.equal(framed.readUInt32LE(21), 0xc78ab0e5);
});

const records = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 });

test('wherever a file is cut, the records before the cut are read, and no part of one', () => {
  fc.assert(
    fc.property(records, fc.nat(), (contents, at) => {
      const frames = contents.map((content) => frame(content));
      const file = Buffer.concat(frames);
      const cut = at % (file.length + 1);
      let whole = 0;
      let endByte = 0;
      for (const { length } of frames) {
        if (endByte + length > cut) break;
        endByte += length;
        whole++;
      }
      const read = readFrames(file.subarray(0, cut));
      assert.equal(read.endByte, endByte);
      assert.deepEqual(
        read.records.map((record) => Uint8Array.from(record)),
        contents.slice(0, whole),
      );
    }),
  );
});

test('a damaged byte ends the reading before its record', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (contents, at, change) => {
      const frames = contents.map((content) => frame(content));
      const file = Buffer.concat(frames);
      const place = at % file.length;
      file[place] = (file[place] ?? 0) ^ change;
      const { endByte } = readFrames(file);
      assert.ok(endByte <= place);
    }),
  );
});
