import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY } from '../../actors/follower.js';
import { type NamedFollower, together } from '../../bin/followers.js';

test('a follower that fails is told of once and left out, and the others go on', () => {
  const [said, heard]: [string[], string[]] = [[], []];
  const full: NamedFollower = {
    ...NOBODY,
    name: '--log jsonl:full.jsonl',
    onFact: () => {
      heard.push('full');
      throw new Error('no space left on device');
    },
    close: () => {
      throw new Error('no space left on device');
    },
  };
  const well: NamedFollower = {
    ...NOBODY,
    name: 'well',
    onFact: ({ type }) => heard.push(type),
    close: () => heard.push('closed'),
  };
  const all = together([full, well], (text) => said.push(text));
  all.onFact({ type: 'run.paused' });
  all.onFact({ type: 'run.resumed' });
  all.close();
  assert.deepEqual(heard, ['full', 'run.paused', 'run.resumed', 'closed']);
  assert.deepEqual(said, ['--log jsonl:full.jsonl failed and is left out from here on: no space left on device']);
});
