import { UsageError } from '../errors.js';
import type { Benchmark, FileBenchmarkName } from './catalog.js';
import { countdownQuestion } from './countdown-question.js';
import { withOptions } from './fields.js';
import { readItems } from './load.js';

/** Worked examples that stand ahead of a question, as many as were asked for. */
export interface Shots {
  readonly examples: readonly Shot[];
  /** The file that they are from; null for those of this program. */
  readonly file: string | null;
}

export interface Shot {
  readonly question: string;
  /** Ends in the boxed answer. */
  readonly solution: string;
}

/** No example ahead of a question. */
export const NO_SHOTS: Shots = { examples: [], file: null };

/** The first `count` items of a file of the benchmark, its training split for example.
 *  @throws UsageError when it has fewer, or an item that is itself asked. @throws as `loadBenchmark` for a malformed file. */
export async function shotsFromFile(benchmark: Benchmark, file: string, count: number): Promise<Shots> {
  const name = benchmark.name as FileBenchmarkName;
  const { items } = await readItems(name, file, { limit: count, skipBad: false });
  if (items.length < count)
    throw new UsageError(`${file} has ${items.length} examples; give --shots ${items.length} or fewer`);
  const asked = new Set(benchmark.items.map(({ question }) => question));
  const examples = items.map(({ question, answer, solution }) => {
    if (asked.has(question))
      throw new UsageError(
        `${file} has a question that is asked as well (${JSON.stringify(question.slice(0, 60))}); give examples of another split`,
      );
    return { question, solution: solution ?? `\\boxed{${answer}}` };
  });
  return { examples, file };
}

/** The first `count` examples that this program has for a benchmark.
 *  @throws UsageError when it has fewer. */
export function ownShots(name: string, count: number): Shots {
  const examples = OWN_SHOTS[name as FileBenchmarkName] ?? ARITHMETIC;
  if (count > examples.length)
    throw new UsageError(
      `there are ${examples.length} examples for ${name}; give --shots ${examples.length}, or a file of them with --shots-file ${name}=FILE`,
    );
  return { examples: examples.slice(0, count), file: null };
}

const ARITHMETIC: readonly Shot[] = [
  { question: 'What is 46 plus 37?', solution: '46 + 37 = 83. \\boxed{83}' },
  { question: 'What is 52 minus 68?', solution: '52 - 68 = -16. \\boxed{-16}' },
  { question: 'What is 14 times 23?', solution: '14 * 23 = 322. \\boxed{322}' },
  { question: 'What is (7 - 3) * 5?', solution: '7 - 3 = 4 and 4 * 5 = 20. \\boxed{20}' },
];

const WORD_PROBLEMS: readonly Shot[] = [
  {
    question: 'A tram starts with 18 riders. At the first stop 7 get off and 11 get on. How many riders are there now?',
    solution: 'After 7 get off there are 18 - 7 = 11 riders. After 11 get on there are 11 + 11 = 22. \\boxed{22}',
  },
  {
    question: 'Mira buys 6 notebooks at $4 each and pays with a $50 bill. How much change does she get, in dollars?',
    solution: 'The notebooks cost 6 * 4 = 24 dollars. The change is 50 - 24 = 26 dollars. \\boxed{26}',
  },
  {
    question: 'A baker makes 3 trays of 24 rolls and packs them into bags of 8. How many bags does he fill?',
    solution: 'There are 3 * 24 = 72 rolls. They fill 72 / 8 = 9 bags. \\boxed{9}',
  },
  {
    question: 'Jon is 5 years older than twice the age of his sister, who is 9. How old is Jon?',
    solution: 'Twice the age of the sister is 2 * 9 = 18. Jon is 18 + 5 = 23. \\boxed{23}',
  },
  {
    question:
      'A rope of 90 metres is cut into two parts, one of which is four times as long as the other. How long is the shorter part, in metres?',
    solution: 'The parts are 1 + 4 = 5 times the shorter one. The shorter one has 90 / 5 = 18 metres. \\boxed{18}',
  },
  {
    question: 'A shop lowers the price of a coat of 80 dollars by 25 percent. What does the coat cost now, in dollars?',
    solution: 'A quarter of 80 dollars is 20 dollars. The coat costs 80 - 20 = 60 dollars. \\boxed{60}',
  },
  {
    question:
      'A train goes 150 kilometres in 2.5 hours. How far does it go in 4 hours at the same speed, in kilometres?',
    solution:
      'Its speed is 150 / 2.5 = 60 kilometres an hour. In 4 hours it goes 60 * 4 = 240 kilometres. \\boxed{240}',
  },
  {
    question:
      'Three friends share 45 stickers so that each gets 2 more than the next. How many does the first one get?',
    solution:
      'If the last gets x, the sum is x + (x + 2) + (x + 4) = 3x + 6 = 45, so x = 13. The first gets 13 + 4 = 17. \\boxed{17}',
  },
];

const MATHEMATICS: readonly Shot[] = [
  {
    question: 'Find the sum of the solutions of $x^2 - 9x + 14 = 0$.',
    solution:
      'The polynomial factors as $(x - 2)(x - 7)$, so the solutions are $2$ and $7$. Their sum is $\\boxed{9}$.',
  },
  {
    question: 'A fair die is rolled twice. What is the probability that the sum is $4$? Give a common fraction.',
    solution:
      'The rolls $(1,3)$, $(2,2)$ and $(3,1)$ have the sum $4$: three of $36$. The probability is $\\frac{3}{36} = \\boxed{\\frac{1}{12}}$.',
  },
  {
    question:
      'A right triangle has legs of length $6$ and $3$. What is the length of its hypotenuse, in simplest radical form?',
    solution: 'The hypotenuse is $\\sqrt{6^2 + 3^2} = \\sqrt{45} = \\boxed{3\\sqrt{5}}$.',
  },
  {
    question: 'What is the remainder when $7^{10}$ is divided by $5$?',
    solution:
      'Since $7 \\equiv 2$ and $2^4 \\equiv 1 \\pmod 5$, we have $7^{10} \\equiv 2^{10} \\equiv 2^2 = 4 \\pmod 5$. The remainder is $\\boxed{4}$.',
  },
];

const CHOICES: readonly Shot[] = [
  {
    question: withOptions('Which gas do green plants take in for photosynthesis?', [
      'Oxygen',
      'Nitrogen',
      'Carbon dioxide',
      'Helium',
    ]),
    solution: 'Photosynthesis makes sugar out of water and carbon dioxide, and gives off oxygen. \\boxed{C}',
  },
  {
    question: withOptions('A body moves at a constant velocity of 3 m/s. What is the net force on it?', [
      '3 N',
      '0 N',
      '9 N',
      'It depends on its mass',
    ]),
    solution: 'A constant velocity is no acceleration, so by Newton the net force is zero. \\boxed{B}',
  },
  {
    question: withOptions(
      'Demand for a good falls by 10 % when its price rises by 5 %. What is the price elasticity of demand, as a size?',
      ['0.5', '1', '5', '2'],
    ),
    solution: 'The elasticity is the change of demand over the change of the price: 10 / 5 = 2. \\boxed{D}',
  },
  {
    question: withOptions('Which of these numbers is prime?', ['87', '91', '97', '99', '111']),
    solution: '87, 99 and 111 are multiples of 3, and 91 = 7 * 13. Nothing up to 9 divides 97. \\boxed{C}',
  },
];

const REASONING: readonly Shot[] = [
  {
    question: 'not ( False or True ) and not False is',
    solution: 'False or True is True, and not True is False. False and anything is False. \\boxed{False}',
  },
  {
    question: 'I have two pears, a spoon, three plums and a drum. How many fruits do I have?',
    solution: 'The fruits are two pears and three plums: 2 + 3 = 5. \\boxed{5}',
  },
  {
    question:
      'Tomorrow is the last day of February 2023. What is the date today in MM/DD/YYYY?\nOptions:\n(A) 02/28/2023\n(B) 02/27/2023\n(C) 03/01/2023',
    solution: 'February 2023 ends on the 28th, so tomorrow is 02/28/2023 and today is 02/27/2023. \\boxed{(B)}',
  },
];

const COUNTDOWN: readonly Shot[] = [
  {
    question: countdownQuestion([3, 5, 9], 24),
    solution: '3 * 5 = 15, and 15 + 9 = 24. \\boxed{3 * 5 + 9}',
  },
  {
    question: countdownQuestion([2, 4, 6, 8], 10),
    solution: '8 - 6 = 2, and 2 * 4 = 8, and 8 + 2 = 10. \\boxed{(8 - 6) * 4 + 2}',
  },
];

/** The examples that this program has, by benchmark. */
export const OWN_SHOTS: Readonly<Partial<Record<FileBenchmarkName, readonly Shot[]>>> = {
  math: MATHEMATICS,
  math500: MATHEMATICS,
  amc23: MATHEMATICS,
  minerva: MATHEMATICS,
  olympiadbench: MATHEMATICS,
  aime24: MATHEMATICS,
  aime25: MATHEMATICS,
  gsm8k: WORD_PROBLEMS,
  svamp: WORD_PROBLEMS,
  asdiv: WORD_PROBLEMS,
  mawps: WORD_PROBLEMS,
  'mmlu-pro': CHOICES,
  supergpqa: CHOICES,
  bbh: REASONING,
  bbeh: REASONING,
  'bbh-boolean': REASONING,
  countdown: COUNTDOWN,
};
