import { oracleAnswer } from '../../src/grading/oracle.js';
import { type Answering, type FakeServer, fakeServer, type Received } from './fake-server.js';

/** A judge on the loopback, which computes what it is asked. */

const CHAT = '/chat/completions';
export const TOKENS = { prompt_tokens: 100, completion_tokens: 10 };

/** A chat model's reply. */
export const reply = (content: string, usage: object = TOKENS): object => ({
  choices: [{ finish_reason: 'stop', message: { role: 'assistant', content } }],
  usage,
});

/** The question in a request to a judge. */
export function askedQuestion({ body }: Received): string {
  const [, user] = body['messages'] as readonly { readonly content: string }[];
  return user?.content ?? '';
}

/** Answers as exact evaluation does, and without a box where there is nothing to compute. */
export const rightly: Answering = (request) => {
  const answer = oracleAnswer(askedQuestion(request));
  return reply(answer === null ? 'I see no problem here.' : `So it is \\boxed{${answer}}.`);
};

/** Answers what no label says. */
export const wrongly: Answering = () => reply('\\boxed{none of these}');

export interface FakeJudge extends FakeServer {
  /** The flags of a run that has it judge every kept question. */
  readonly flags: readonly string[];
  /** The questions that it was asked, in order. */
  asked(): readonly string[];
}

export async function fakeJudge(t: { after(release: () => unknown): void }, answering: Answering): Promise<FakeJudge> {
  const server = await fakeServer(t, { [CHAT]: answering });
  return {
    ...server,
    flags: ['--oracle', 'openai:judge-1', '--oracle-url', server.place.url, '--set', 'oracle.exact=false'],
    asked: () => server.requests(CHAT).map(askedQuestion),
  };
}
