import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { documents, PLAIN_CORPUS } from '../../src/pretraining/corpus.js';
import { stream } from '../../src/random.js';

/** What a labelled question has beside it. */
export type LabelKind = 'solutions' | 'answers';

/** Arithmetic that is worked without slips, as the corpus draws it: no held-out question is among them. */
const CLEAN = { ...PLAIN_CORPUS, general: 0, direct: 0, slips: 0 };

/** Writes so many labelled questions of the embedded model's language: the same questions for either kind, and the first of
 *  them for a smaller number. */
export function writeLabelled(file: string, kind: LabelKind, count: number, seed: number): void {
  const corpus = documents(CLEAN, stream(seed, 'labelled'));
  const lines = Array.from({ length: count }, () => {
    const { question, answer, text } = corpus.next().value;
    const solution = text.slice(text.indexOf('<a>') + '<a>'.length).replace(/<eos>$/, '');
    return JSON.stringify(kind === 'answers' ? { question, answer } : { question, solution });
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
}
