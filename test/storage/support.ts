import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commit, type Writer } from '../../storage/connection.js';
import { openWriter } from '../../storage/database.js';
import type { QuestionRecord } from '../../storage/questions.js';
import { createRun, type NewRun } from '../../storage/runs.js';
import type { JudgeKey, VerdictRecord } from '../../storage/verdicts.js';
import type { VoteRecord } from '../../storage/votes.js';

export const STARTED = '2026-01-02T03:04:05.000Z';

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-storage-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new database in a temporary folder, with the runs named, open for writing. */
export function database(t: TestContext, ...runIds: readonly string[]): Writer {
  const db = openWriter(join(temporaryFolder(t), 'runs.db'));
  t.after(() => db.close());
  commit(db, () => {
    for (const id of runIds) createRun(db, aRun(id));
  });
  return db;
}

export function aRun(id: string): NewRun {
  return {
    id,
    preset: 'tiny',
    model: 'tiny',
    seed: 7,
    iterations: 3,
    config: { rl: { solver: { lr: 0.0002 } } },
    startedAt: STARTED,
    rzeroVersion: '0.1.0',
  };
}

export function aQuestion(changes: Partial<QuestionRecord> = {}): QuestionRecord {
  return {
    question: 'Q: What is 48 plus 76?',
    invalidReason: null,
    ownAnswer: null,
    challengerReward: 0.4,
    repetitionPenalty: 0.25,
    tokenCount: 11,
    completion: null,
    ...changes,
  };
}

export function aVote(changes: Partial<VoteRecord> = {}): VoteRecord {
  return {
    voteCount: 10,
    voteShare: 0.7,
    pseudoLabel: '124',
    groups: [
      { answer: '124', count: 7 },
      { answer: '114', count: 2 },
    ],
    kept: true,
    dropReason: null,
    ...changes,
  };
}

export const JUDGE: JudgeKey = { url: 'http://127.0.0.1:1/v1', model: 'judge-1', promptVersion: 1, maxTokens: 64 };

export function aVerdict(changes: Partial<VerdictRecord> & Pick<VerdictRecord, 'runId'>): VerdictRecord {
  return {
    ...JUDGE,
    question: 'How many?',
    answer: '42',
    text: 'So \\boxed{42}.',
    promptTokens: 100,
    completionTokens: 20,
    iteration: 1,
    answeredAt: STARTED,
    ...changes,
  };
}

/** A second process at work on `file`; `said` resolves with its first line. It is killed after the test. */
export function secondProcess(
  t: TestContext,
  mode: string,
  file: string,
  options: { readonly uid?: number } = {},
): SecondProcess {
  const script = fileURLToPath(new URL('./writer-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, mode, file], { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  return { child, ended, said: firstLine(child) };
}

export interface SecondProcess {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly ended: Promise<void>;
  readonly said: Promise<string>;
}

function firstLine(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  return new Promise((done, fail) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')));
    });
    child.once('error', fail);
    child.once('close', () => fail(new Error(`the second process ended and said only ${JSON.stringify(text)}`)));
  });
}
