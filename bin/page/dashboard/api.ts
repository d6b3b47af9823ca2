import type { QuestionDetails } from '../../../storage/question-details.js';
import type {
  Charts,
  CurriculumPictures,
  QuestionTable,
  RunList,
  RunOverview,
  RunState,
  Training,
  Workers,
} from './contract.js';

/** What the page asks the server. Each rejects with the server's own sentence. */

export const fetchRuns = (): Promise<RunList> => ask('runs');
export const fetchCharts = (): Promise<Charts> => ask('charts');
export const fetchOverview = (run: string): Promise<RunOverview> => ask(`runs/${run}`);
export const fetchCurriculumPictures = (run: string): Promise<CurriculumPictures> => ask(`runs/${run}/curriculum`);
export const fetchTraining = (run: string): Promise<Training> => ask(`runs/${run}/training`);
export const fetchState = (run: string): Promise<RunState> => ask(`runs/${run}/state`);
export const fetchQuestion = (run: string, id: number): Promise<QuestionDetails> => ask(`runs/${run}/questions/${id}`);
export const fetchQuestions = (run: string, query: Query): Promise<QuestionTable> =>
  ask(`runs/${run}/questions`, query);
export const fetchWorkers = (run: string, query: Query): Promise<Workers> => ask(`runs/${run}/workers`, query);

/** What stands behind the `?` of an address; null and empty texts are left out. */
export type Query = Readonly<Record<string, string | number | null>>;

async function ask<Answer>(path: string, query: Query = {}): Promise<Answer> {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== '');
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  const response = await fetch(`/api/${path}${search.size === 0 ? '' : `?${search}`}`);
  if (response.ok) return (await response.json()) as Answer;
  throw new Error(await sentenceOf(response));
}

async function sentenceOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === 'string' ? error : text;
  } catch {
    return text;
  }
}
