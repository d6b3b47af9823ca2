import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type AnyStateMachine, type AnyStateNode, createMachine } from 'xstate';
import { CHARTS } from '../../machines/draw.js';
import { chartScxml, systemScxml } from '../../machines/scxml.js';

/** Elements in the order of the document: `{name, attributes, children}`. */
interface Read {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Read[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  ignoreDeclaration: true,
  parseTagValue: false,
});

function read(text: string): Read {
  assert.equal(XMLValidator.validate(text), true);
  const [document, ...others] = (parser.parse(text) as readonly Record<string, unknown>[]).map(tidied);
  assert.ok(document !== undefined && others.length === 0);
  return document;
}

function tidied(raw: Record<string, unknown>): Read {
  const [[name = '', content] = []] = Object.entries(raw).filter(([key]) => key !== ':@');
  const children = Array.isArray(content) ? content.map(tidied) : [];
  const attributes = (raw[':@'] ?? {}) as Record<string, string>;
  return name === '#text'
    ? { name, attributes: { text: String(content) }, children: [] }
    : { name, attributes, children };
}

const nameOf = (action: unknown): unknown =>
  typeof action === 'object' && action !== null && 'type' in action ? action.type : action;

const STATES = ['state', 'parallel', 'final', 'history'];
const childrenOf = (element: Read, ...names: readonly string[]): readonly Read[] =>
  element.children.filter(({ name }) => names.includes(name));
const statesOf = (element: Read): readonly Read[] =>
  childrenOf(element, ...STATES).flatMap((state) => [state, ...statesOf(state)]);
const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap((child: AnyStateNode) => nodesOf(child)),
];

for (const [name, machine] of Object.entries(CHARTS)) {
  const text = chartScxml(machine, CHARTS);
  const document = read(text);
  const states = statesOf(document);

  test(`the SCXML of the ${name} chart has its states, each with its kind, its first state and its work`, () => {
    assert.equal(document.attributes['xmlns'], 'http://www.w3.org/2005/07/scxml');
    assert.equal(document.attributes['version'], '1.0');
    const kinds = { atomic: 'state', compound: 'state', parallel: 'parallel', final: 'final', history: 'history' };
    assert.deepEqual(
      states
        .filter(({ attributes }) => attributes['id'] !== `${name}.end`)
        .map((state) => ({
          kind: state.name,
          id: state.attributes['id'],
          initial: state.attributes['initial'],
          work: childrenOf(state, 'invoke').map(({ attributes }) => attributes['src']),
        })),
      nodesOf(machine.root).map((node) => ({
        kind: kinds[node.type],
        id: node.id,
        initial: node.type === 'compound' ? node.initial.target[0]?.id : undefined,
        work: node.invoke.map(({ src }) => (String(src) in CHARTS ? `${src}.scxml` : src)),
      })),
    );
  });

  test(`the SCXML of the ${name} chart has its transitions, with guards, targets and actions`, () => {
    for (const node of nodesOf(machine.root)) {
      if (node.type === 'history') continue;
      const state = states.find(({ attributes }) => attributes['id'] === node.id);
      assert.ok(state !== undefined, node.id);
      const own = childrenOf(state, 'transition').filter(({ attributes }) => attributes['target'] !== `${name}.end`);
      assert.deepEqual(
        own.map(({ attributes, children }) => [
          attributes['cond'],
          attributes['target'],
          children.map((script) => script.children[0]?.attributes['text']),
        ]),
        [...node.transitions.values(), node.always ?? []]
          .flat()
          .map(({ guard, target, actions }) => [
            guard,
            target?.[0]?.id,
            actions.map((action: unknown) => `${nameOf(action)}();`),
          ]),
      );
    }
  });

  test(`every id in the SCXML of the ${name} chart is an XML name, there once; what is referred to is there`, () => {
    const invocations = states.flatMap((state) => childrenOf(state, 'invoke'));
    const ids = [...states, ...invocations].map(({ attributes }) => attributes['id'] ?? '');
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[A-Za-z_][\w.-]*$/);
    for (const { attributes } of states.flatMap((state) => childrenOf(state, 'transition'))) {
      const { target, event = '' } = attributes;
      if (target !== undefined) assert.ok(ids.includes(target), target);
      const [, work] = /^(?:done\.invoke|error\.platform)\.(.*)$/.exec(event) ?? [];
      if (work !== undefined) assert.ok(ids.includes(work), work);
      assert.doesNotMatch(event, /xstate/);
    }
    assert.ok(
      [document, ...states].every(({ attributes: { initial } }) => initial === undefined || ids.includes(initial)),
    );
  });
}

test('the whole system is one document: the charts stand where the supervisor invokes them', () => {
  const document = read(systemScxml(CHARTS.supervisor, CHARTS));
  const [supervisor] = statesOf(document);
  assert.ok(supervisor !== undefined);
  const within = childrenOf(supervisor, 'invoke').map((invoke) => [
    invoke.attributes['id'],
    invoke.attributes['src'],
    invoke.children[0]?.children[0]?.attributes['name'],
  ]);
  assert.deepEqual(within, [
    ['challenger', undefined, 'challenger'],
    ['solver', undefined, 'solver'],
    ['evaluator', undefined, 'evaluator'],
  ]);
});

test('a final state of the chart ends the session', () => {
  const document = read(chartScxml(CHARTS.supervisor, CHARTS));
  const [supervisor, end] = childrenOf(document, 'state', 'final');
  assert.deepEqual([end?.name, end?.attributes['id']], ['final', 'supervisor.end']);
  const last = childrenOf(supervisor ?? document, 'transition').at(-1);
  assert.deepEqual(last?.attributes, { event: 'done.state.supervisor', target: 'supervisor.end' });
});

test('history, regions, deep states, quotes and brackets in names are written so that they are read again', () => {
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: {
      a: { on: { 'x<"&">': { target: 'b.remembered', guard: 'a "b" & <c>' } } },
      b: {
        initial: 'c',
        states: { c: { initial: 'd', states: { d: {} } }, remembered: { type: 'history', history: 'deep' } },
      },
    },
  } as Parameters<typeof createMachine>[0]) as AnyStateMachine;
  const states = statesOf(read(chartScxml(machine, {})));
  const [transition] = states.flatMap((state) => childrenOf(state, 'transition'));
  assert.deepEqual(transition?.attributes, { event: 'x<"&">', cond: 'a "b" & <c>', target: 'm.b.remembered' });
  const history = states.find(({ name }) => name === 'history');
  assert.equal(history?.attributes['type'], 'deep');
  assert.deepEqual(history?.children[0]?.attributes, { target: 'm.b.c' });
});

test('a transition to a state inside leaves the state around it alone', () => {
  const document = read(chartScxml(CHARTS.supervisor, CHARTS));
  const failed = childrenOf(statesOf(document)[0] ?? document, 'transition').find(
    ({ attributes }) => attributes['event'] === 'role.failed',
  );
  assert.deepEqual(failed?.attributes, { event: 'role.failed', target: 'supervisor.failed', type: 'internal' });
});
