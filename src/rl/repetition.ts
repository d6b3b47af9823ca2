import { agnes } from 'ml-hclust';

/**
 * The repetition penalty: a question costs the share of the batch that falls in its own cluster. Clusters are cut
 * from average linkage over the distance 1 − BLEU. Huang et al. 2025, section 3.2.
 */

const ORDERS = [1, 2, 3, 4] as const;
/** Count given to an n-gram order without a match (Chen and Cherry 2014, method 1, with the value NLTK uses). */
const SMOOTHING = 0.1;

/** Penalty of each question, cluster size / batch size, in (0, 1]. `threshold` is the distance at which the tree of
 *  clusters is cut, in [0, 1]. */
export function repetitionPenalties(questions: readonly string[], threshold: number): readonly number[] {
  const clusters = clusterQuestions(questions, threshold);
  const sizes = new Map<number, number>();
  for (const cluster of clusters) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  return clusters.map((cluster) => (sizes.get(cluster) ?? 0) / questions.length);
}

/** The index of each question's cluster, numbered as they first appear. Identical questions share one.
 *  Cubic in the number of questions: 20 ms for 64, 300 ms for 512. */
export function clusterQuestions(questions: readonly string[], threshold: number): readonly number[] {
  if (questions.length === 0) return [];
  const tree = agnes(distances(questions), { method: 'average', isDistanceMatrix: true });
  const clusters = new Array<number>(questions.length).fill(0);
  for (const [cluster, subtree] of tree.cut(threshold).entries()) {
    for (const question of subtree.indices()) clusters[question] = cluster;
  }
  const numbers = new Map<number, number>();
  return clusters.map((cluster) => {
    const number = numbers.get(cluster) ?? numbers.size;
    numbers.set(cluster, number);
    return number;
  });
}

/** 1 − BLEU of two questions, in [0, 1], the mean of both directions; 0 for equal ones, also those of fewer than four
 *  words, for which smoothed BLEU is below 1. */
export function bleuDistance(a: string, b: string): number {
  return distances([a, b])[0]?.[1] ?? 0;
}

/** A question as BLEU sees it: its words, and each digit and each other sign alone. The reference splits at spaces;
 *  with digits apart "45 plus 17" and "46 plus 17" are near, as they are for a tokenizer. */
function words(question: string): readonly string[] {
  return question.toLowerCase().match(/\p{L}+|\S/gu) ?? [];
}

/** N-grams of a question as sorted numbers, one array per order, so that counting matches is one merge. */
interface Profile {
  readonly text: string;
  readonly wordCount: number;
  readonly grams: readonly Int32Array[];
}

function distances(questions: readonly string[]): number[][] {
  const numbers = new Map<string, number>();
  const profiles = questions.map((question) => profile(question, numbers));
  const matrix = questions.map(() => new Array<number>(questions.length).fill(0));
  for (const [i, a] of profiles.entries()) {
    for (const [j, b] of profiles.slice(0, i).entries()) {
      const distance = a.text === b.text ? 0 : 1 - meanBleu(a, b);
      for (const [row, column] of [
        [i, j],
        [j, i],
      ] as const) {
        const cells = matrix[row];
        if (cells !== undefined) cells[column] = distance;
      }
    }
  }
  return matrix;
}

function profile(question: string, numbers: Map<string, number>): Profile {
  const tokens = words(question);
  const grams = ORDERS.map((order) => {
    const count = Math.max(0, tokens.length - order + 1);
    const ids = Array.from({ length: count }, (_, start) => {
      const gram = tokens.slice(start, start + order).join(' ');
      const id = numbers.get(gram) ?? numbers.size;
      numbers.set(gram, id);
      return id;
    });
    return Int32Array.from(ids).sort();
  });
  return { text: tokens.join(' '), wordCount: tokens.length, grams };
}

/** BLEU with uniform weights up to four-grams (Papineni et al. 2002), the mean of a against b and b against a. The
 *  clipped matches are the same both ways; only the totals and the brevity penalty differ. */
function meanBleu(a: Profile, b: Profile): number {
  const matches = ORDERS.map((_, order) => commonCount(a.grams[order] ?? EMPTY, b.grams[order] ?? EMPTY));
  if (matches[0] === 0) return 0;
  return (bleu(matches, a.wordCount, b.wordCount) + bleu(matches, b.wordCount, a.wordCount)) / 2;
}

function bleu(matches: readonly number[], wordCount: number, referenceWordCount: number): number {
  const logPrecisions = matches.map((count, order) => Math.log((count || SMOOTHING) / Math.max(1, wordCount - order)));
  const brevity = wordCount > referenceWordCount ? 0 : 1 - referenceWordCount / wordCount;
  return Math.exp(logPrecisions.reduce((sum, value) => sum + value, 0) / ORDERS.length + brevity);
}

const EMPTY = new Int32Array(0);

/** The size of the intersection of two sorted lists, repeats counted as often as both have them. */
function commonCount(a: Int32Array, b: Int32Array): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const difference = (a[i] ?? 0) - (b[j] ?? 0);
    if (difference === 0) count++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return count;
}
