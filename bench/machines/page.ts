import { CHARTS, chartMermaid } from '../../machines/draw.js';

/** docs/machines.md: every chart as it is in the code, with what there is to say about it. */

const ABOUT = {
  supervisor: `The run as a whole: evaluate the base, then train the Challenger, write the curriculum, train the Solver,
evaluate and close the iteration, until all are done or nothing is left to learn from. Beside that, its pace: a pause waits
until each role has reached a place where it can rest. The three roles are invoked for the supervisor's whole life.`,
  challenger: `Trained on questions that the Solver is unsure of: it rolls out, waits for the votes, and updates. When told to
write, it writes the curriculum in batches, at most two ahead of the Solver's answers.`,
  solver: `Answers each batch of questions as it comes, and hands it on to the Evaluator. When told to train, it rolls out and
updates, one step after the other.`,
  evaluator: `Counts the votes of each batch that the Solver answers, and scores a policy on the benchmarks when told to.`,
} as const satisfies Record<keyof typeof CHARTS, string>;

export function machinesPage(): string {
  return `# The statecharts

What happens when in a run is said by four statecharts (\`machines/\`), which are drawn here as they are in the code:
\`npm run charts\` makes this page and the pictures in docs/images from what \`rzero machines\` exports, and a test fails
while they differ.

An arrow's label is the message that causes it; one in brackets is a guard, and an arrow with only a guard is taken as soon
as that holds. \`work\` is what takes time: it is done by worker threads, and ends in \`done\` or \`error\`. Messages that are
only noted, until a state acts on them, are not drawn; the exports have them.

${Object.entries(CHARTS)
  .map(([name, machine]) => section(name, machine))
  .join('\n')}
## Exports

\`\`\`sh
rzero machines supervisor                      # JSON
rzero machines --format mermaid                # Markdown with a picture of each
rzero machines --format scxml --out ./charts   # a file for each chart
\`\`\`

**JSON** is what \`createMachine\` of xstate 5 reads. To open a chart in Stately's editor (https://stately.ai/editor), import
it as code: \`createMachine(…)\` around the JSON. A test makes a machine of each and compares it with the one that runs:
states, transitions, guards, actions and work are the same. Guards, actions and work appear by name; how they compute is
code and is left out.

**Mermaid** is drawn by GitHub, as on this page. A return to a remembered state is drawn to the state around it.

**SCXML** (https://www.w3.org/TR/scxml/) is read by other statechart tools. Without a name it is the supervisor's document with
the documents of the roles where they are invoked. Guards are conditions by name, actions calls by name, and work is
invoked with the type \`work\`, so it shows what there is and does not run by itself.

To see the charts go as a run goes: [inspect.md](inspect.md).
`;
}

function section(name: string, machine: (typeof CHARTS)[keyof typeof CHARTS]): string {
  return `## ${name}

${ABOUT[name as keyof typeof ABOUT]}

\`\`\`mermaid
${chartMermaid(machine)}\`\`\`
`;
}
