import type { TrainingStepRow } from '../../../storage/views.js';
import { type Line, type LineChart, lineChart } from '../charts/line-chart.js';
import { element } from '../dom.js';
import { fetchTraining } from './api.js';
import { short } from './format.js';
import { iterationMarks } from './marks.js';
import type { View } from './view.js';

/** What each training step reports, for both roles. */

type Role = TrainingStepRow['role'];
interface Curve {
  readonly title: string;
  readonly note: string;
  readonly read: (step: TrainingStepRow) => number | null;
}

const CURVES: readonly Curve[] = [
  { title: 'reward', note: 'Mean over the rollouts of a step.', read: ({ reward_mean }) => reward_mean },
  { title: 'KL', note: 'Distance from the reference policy.', read: ({ kl }) => kl },
  { title: 'entropy', note: 'Of the next token, in nats.', read: ({ entropy }) => entropy },
  { title: 'loss', note: 'Of GRPO: what the gradient is of.', read: ({ loss }) => loss },
  { title: 'gradient norm', note: 'Before it is clipped.', read: ({ grad_norm }) => grad_norm },
  { title: 'clip fraction', note: 'Tokens whose ratio was clipped.', read: ({ clip_fraction }) => clip_fraction },
];
const ROLES = ['solver', 'challenger'] as const satisfies readonly Role[];

export function trainingView(): View {
  const charts = new Map<string, LineChart>();
  const steps: Record<Role, readonly TrainingStepRow[]> = { challenger: [], solver: [] };
  const sections = ROLES.map((role) => {
    const made = CURVES.map(({ title, note }) => {
      const chart = lineChart({
        title: `${role === 'solver' ? 'Solver' : 'Challenger'} ${title}`,
        note,
        xName: 'iteration',
        formatX: (x) => placeOf(steps[role], x),
        formatY: short,
        empty: `No step of the ${role === 'solver' ? 'Solver' : 'Challenger'} yet.`,
        height: 180,
        dense: true,
      });
      charts.set(`${role} ${title}`, chart);
      return chart.element;
    });
    return [element('h2', {}, role === 'solver' ? 'Solver' : 'Challenger'), element('div', { class: 'grid' }, ...made)];
  });
  return {
    element: element('div', {}, ...sections.flat()),
    show: async ({ all }) => {
      const runs = await Promise.all(all.map(({ id }) => fetchTraining(id)));
      for (const role of ROLES) {
        const ofRuns = runs.map((run) => run.steps.filter((step) => step.role === role));
        steps[role] = ofRuns.reduce((longest, each) => (each.length > longest.length ? each : longest), []);
        const marks = iterationMarks(steps[role]);
        for (const { title, read } of CURVES) {
          const lines = ofRuns.map(
            (each, index): Line => ({
              name: all[index]?.id ?? '',
              colour: all[index]?.colour ?? '--series-7',
              points: each.map((step, x) => ({ x, y: read(step) })),
            }),
          );
          charts.get(`${role} ${title}`)?.show(lines, marks);
        }
      }
    },
  };
}

/** `2, step 14`: the steps of all iterations stand one after the other. */
function placeOf(steps: readonly TrainingStepRow[], index: number): string {
  const step = steps[index];
  return step === undefined ? '' : `${step.iteration}, step ${step.step + 1}`;
}
