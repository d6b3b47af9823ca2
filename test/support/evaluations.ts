import type { NewEvaluation, ResultRecord } from '../../storage/evaluations.js';

export function anEvaluation(id: string, changes: Partial<NewEvaluation> = {}): NewEvaluation {
  return {
    id,
    origin: 'eval',
    target: 'tiny',
    runId: null,
    iteration: null,
    evaluatedAt: '2026-01-02T03:04:05.000Z',
    rzeroVersion: '0.1.0',
    ...changes,
  };
}

/** Two items of which the first is right. */
export function aResult(changes: Partial<ResultRecord> = {}): ResultRecord {
  const answer = { extracted: '2', right: true, text: 'so \\boxed{2}', tokenCount: 7, finished: true };
  return {
    benchmark: 'gsm8k',
    domain: 'math',
    metric: 'greedy',
    rule: 'value',
    file: 'test.jsonl',
    fileSha256: 'a'.repeat(64),
    score: 50,
    stderr: 50,
    items: [
      { question: 'What is 1 plus 1?', answer: '2' },
      { question: 'What is 2 plus 2?', answer: '4' },
    ],
    rightCounts: [1, 0],
    protocol: {
      shots: 0,
      shotsFile: null,
      templateSha256: 'b'.repeat(64),
      prefix: null,
      temperature: 0,
      samples: 1,
      maxTokens: 72,
      stops: ['\nuser:'],
      seed: 0,
      graderVersion: 1,
    },
    answers: [[answer], [{ ...answer, extracted: '5', right: false, text: 'so \\boxed{5}' }]],
    ...changes,
  };
}
