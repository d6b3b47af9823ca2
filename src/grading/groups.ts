import { startWork } from './allowance.js';
import { type Reading, readAnswer, sameReading, spellingKey } from './reading.js';

/**
 * Groups of answers that say the same. Rules:
 * - any two answers of a group are equivalent: where equivalence is not transitive (50% is 50 and it is 0.5), what is
 *   between two groups joins one of them and never makes them one;
 * - the groups are the same in whatever order the answers come: the most common answers found groups first (of equally
 *   common ones the one that sorts first), and a rarer one joins the largest group that it fits;
 * - answers are read once, and only those that no key decides are compared.
 */

/** Called with the index of each answer that is about to be read or compared. */
export type OnAnswer = (index: number) => void;

/** The group of each answer, numbered in order of first appearance; null for an answer without content. */
export function groupAnswers(
  answers: readonly (string | null)[],
  onAnswer: OnAnswer = () => {},
): readonly (number | null)[] {
  const spellings = distinctSpellings(answers, onAnswer);
  const groups = compatibleGroups(distinctReadings([...spellings.values()], onAnswer), onAnswer);
  const groupOf = new Array<number | null>(answers.length).fill(null);
  const ordered = groups.map((group) => group.flatMap(({ members }) => members).sort((a, b) => a - b));
  ordered.sort(([a = 0], [b = 0]) => a - b);
  for (const [group, members] of ordered.entries()) for (const index of members) groupOf[index] = group;
  return groupOf;
}

/** Answers that are the same without a comparison. */
interface Kind {
  /** Of its answers the one that sorts first, so that its reading does not depend on their order. */
  readonly text: string;
  /** Indexes of its answers. */
  readonly members: readonly number[];
}

interface ReadKind extends Kind {
  readonly reading: Reading;
}

function distinctSpellings(answers: readonly (string | null)[], onAnswer: OnAnswer): ReadonlyMap<string, Kind> {
  const indexes = new Map<string, number[]>();
  for (const [index, text] of answers.entries()) {
    if (text === null) continue;
    const same = indexes.get(text);
    if (same === undefined) indexes.set(text, [index]);
    else same.push(index);
  }
  const kinds = new Map<string, Kind>();
  for (const [text, members] of indexes) {
    onAnswer(members[0] as number);
    const spelled = spellingKey(text);
    if (spelled !== null) kinds.set(spelled, joined(kinds.get(spelled), { text, members }));
  }
  return kinds;
}

function distinctReadings(spellings: readonly Kind[], onAnswer: OnAnswer): readonly ReadKind[] {
  const kinds = new Map<string, ReadKind>();
  for (const kind of spellings) {
    onAnswer(kind.members[0] as number);
    const reading = readAnswer(kind.text);
    if (reading === null) continue;
    const key = reading.key ?? `spelled ${reading.spelling}`;
    kinds.set(key, joined(kinds.get(key), { ...kind, reading }));
  }
  return [...kinds.values()];
}

/** Two kinds as one, under the text that sorts first. */
function joined<K extends Kind>(a: K | undefined, b: K): K {
  if (a === undefined) return b;
  const members = [...a.members, ...b.members];
  return a.text < b.text ? { ...a, members } : { ...b, members };
}

/** Kinds in groups of which any two members are equivalent. */
function compatibleGroups(kinds: readonly ReadKind[], onAnswer: OnAnswer): readonly (readonly ReadKind[])[] {
  const groups: ReadKind[][] = [];
  for (const kind of kinds.toSorted((a, b) => b.members.length - a.members.length || (a.text < b.text ? -1 : 1))) {
    onAnswer(kind.members[0] as number);
    startWork();
    const fitting = groups.filter((group) => group.every((member) => sameReading(member.reading, kind.reading)));
    const [largest] = fitting.toSorted((a, b) => answerCount(b) - answerCount(a));
    if (largest === undefined) groups.push([kind]);
    else largest.push(kind);
  }
  return groups;
}

function answerCount(group: readonly Kind[]): number {
  return group.reduce((sum, { members }) => sum + members.length, 0);
}
