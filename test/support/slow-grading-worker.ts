import { existsSync, writeFileSync } from 'node:fs';
import { performer } from '../../src/workers/grading-performer.js';
import { GRADING_TASKS } from '../../src/workers/grading-tasks.js';

/** A grader that has what ours must not: `hang` never ends, and a path does not end until the file is there, which it
 *  makes. Everything else is graded as always. */
export default performer({
  ...GRADING_TASKS,
  vote: {
    ...GRADING_TASKS.vote,
    work: (questions, onPlace) => {
      for (const [group, answers] of questions.entries())
        for (const [answer, text] of answers.entries()) {
          onPlace({ group, answer });
          stall(text);
        }
      return GRADING_TASKS.vote.work(questions, onPlace);
    },
  },
  gradeAnswers: {
    ...GRADING_TASKS.gradeAnswers,
    work: (answers, onPlace) => {
      for (const [answer, given] of answers.entries()) {
        onPlace({ group: 0, answer });
        stall(given?.text ?? null);
      }
      return GRADING_TASKS.gradeAnswers.work(answers, onPlace);
    },
  },
  reward: {
    ...GRADING_TASKS.reward,
    work: (input, onPlace) => {
      for (const [group, { answers }] of input.groups.entries())
        for (const [answer, each] of answers.entries()) {
          onPlace({ group, answer });
          stall(each?.text ?? null);
        }
      return GRADING_TASKS.reward.work(input, onPlace);
    },
  },
});

function stall(text: string | null): void {
  if (text?.startsWith('/') && !existsSync(text)) {
    writeFileSync(text, '');
    for (;;);
  }
  while (text === 'hang');
}
