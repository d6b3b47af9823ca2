/** A second process for the tests of locking and crashing: `node writer-process.js MODE DATABASE`. */
import { writeBlob } from '../../storage/blobs.js';
import { commit } from '../../storage/connection.js';
import { openReader, openWriter, weightsFolder } from '../../storage/database.js';
import { createRun } from '../../storage/runs.js';
import { aRun } from './support.js';

const [, , mode, database = ''] = process.argv;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wait(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

try {
  if (mode === 'blobs') {
    const bytes = new Uint8Array(1 << 20);
    for (let count = 0; ; count++) {
      bytes[0] = count;
      bytes[1] = count >> 8;
      writeBlob(weightsFolder(database), bytes, 'safetensors');
      if (count === 2) say('writing');
    }
  }
  if (mode === 'read') {
    openReader(database).close();
    say('read');
  }
  const db = openWriter(database);
  if (mode === 'hold') {
    say('open');
    wait();
  }
  if (mode === 'mid-commit') {
    commit(db, () => createRun(db, aRun('rkept')));
    commit(db, () => {
      createRun(db, aRun('rlost'));
      say('open');
      wait();
    });
  }
  if (mode === 'write') commit(db, () => createRun(db, aRun('rwritten')));
  db.close();
  say('done');
} catch (error) {
  say(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  process.exitCode = 1;
}
