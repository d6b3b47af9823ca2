import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bleuDistance, clusterQuestions, repetitionPenalties } from '../../src/rl/repetition.js';

const words = fc.array(fc.constantFrom('What', 'is', '45', '17', 'plus', 'minus', '?', 'the', 'sum'), { maxLength: 8 });
const questions = fc.array(
  words.map((list) => list.join(' ')),
  { maxLength: 20 },
);

test('clusters are a partition, numbered as they appear', () => {
  fc.assert(
    fc.property(questions, fc.double({ min: 0, max: 1, noNaN: true }), (list, threshold) => {
      const clusters = clusterQuestions(list, threshold);
      assert.equal(clusters.length, list.length);
      for (const [index, cluster] of clusters.entries()) {
        const before = Math.max(-1, ...clusters.slice(0, index));
        assert.ok(Number.isInteger(cluster) && cluster >= 0 && cluster <= before + 1);
      }
    }),
  );
});

test('identical questions share one cluster at every threshold', () => {
  fc.assert(
    fc.property(questions, fc.double({ min: 0, max: 1, noNaN: true }), (list, threshold) => {
      const clusters = clusterQuestions([...list, ...list], threshold);
      for (const index of list.keys()) assert.equal(clusters[index], clusters[index + list.length]);
    }),
  );
});

test('penalties of a cluster sum to the square of its share', () => {
  // three alike of four: 3/4 each; one alone: 1/4
  assert.deepEqual(repetitionPenalties(['a b c d', 'a b c d', 'x y z', 'a b c d'], 0.5), [0.75, 0.75, 0.25, 0.75]);
});

test('the distance is one minus BLEU with smoothed four-grams', () => {
  // "a b c d e" and "a b c d f": matches 4, 3, 2, 1 of 5, 4, 3, 2; no brevity penalty at equal lengths
  const bleu = ((4 / 5) * (3 / 4) * (2 / 3) * (1 / 2)) ** (1 / 4);
  assert.ok(Math.abs(bleuDistance('a b c d e', 'a b c d f') - (1 - bleu)) < 1e-12);
});

test('an order without a match counts a tenth, and the shorter side pays for brevity', () => {
  // "a b" against "a b c": matches 2, 1, 0, 0. As hypothesis of 2 words: 2/2, 1/1, .1/1, .1/1, times e^(1 - 3/2);
  // of 3 words: 2/3, 1/2, .1/1, .1/1
  const short = 0.01 ** (1 / 4) * Math.exp(1 - 3 / 2);
  const long = ((2 / 3) * (1 / 2) * 0.01) ** (1 / 4);
  assert.ok(Math.abs(bleuDistance('a b', 'a b c') - (1 - (short + long) / 2)) < 1e-12);
});

test('each digit counts, so that numbers that share digits are near', () => {
  assert.ok(
    bleuDistance('What is 4517 plus 1?', 'What is 4518 plus 1?') <
      bleuDistance('What is 4517 plus 1?', 'What is 9268 plus 1?'),
  );
});

test('distance is symmetric and within [0, 1]', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const distance = bleuDistance(a, b);
      return distance === bleuDistance(b, a) && distance >= 0 && distance <= 1;
    }),
  );
});
