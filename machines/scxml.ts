import XmlBuilder from 'fast-xml-builder';
import { type AnyStateMachine, type AnyStateNode, type AnyTransitionDefinition, StateMachine } from 'xstate';

/**
 * A chart as SCXML (https://www.w3.org/TR/scxml/), which other statechart tools read.
 *
 * - A document's root takes no transitions, so all of a chart stands in one state that is named as the chart; reaching a
 *   final state of it ends the session.
 * - Guards are conditions by their names, actions calls of their names; how they compute is code and is left out.
 * - Another chart is invoked as a document, its own file or within; other work as type `work`, by its name.
 */

/** Charts by the names that they are invoked by. */
export type Charts = Readonly<Record<string, AnyStateMachine>>;

/** The chart as an SCXML document that names the charts which it invokes by their files, such as `solver.scxml`. */
export function chartScxml(machine: AnyStateMachine, charts: Charts): string {
  return written(machine, (name) => (name in charts ? { type: 'scxml', src: `${name}.scxml` } : null));
}

/** The chart as one SCXML document, with the charts that it invokes inside. */
export function systemScxml(machine: AnyStateMachine, charts: Charts): string {
  return written(machine, (name) => charts[name] ?? null);
}

/** What is invoked by a name: a chart to put there, attributes that name its document, or null for other work. */
type Invoked = (name: string) => AnyStateMachine | Attributes | null;

function written(machine: AnyStateMachine, invoked: Invoked): string {
  const declaration = { '?xml': [text('')], ':@': { version: '1.0', encoding: 'UTF-8' } };
  return `${BUILDER.build([declaration, documentOf(machine, invoked)]).trim()}\n`;
}

/** An element as the builder wants it: its name with its children, and `:@` with its attributes. */
type Element = Readonly<Record<string, readonly Element[] | Attributes | string>>;
type Attributes = Readonly<Record<string, string | undefined>>;

const BUILDER = new XmlBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  format: true,
  suppressEmptyNode: true,
});

function documentOf(machine: AnyStateMachine, invoked: Invoked): Element {
  const root: AnyStateNode = machine.root;
  const end = `${root.id}.end`;
  const ends = Object.values(root.states).some(({ type }: AnyStateNode) => type === 'final');
  return element(
    'scxml',
    {
      xmlns: 'http://www.w3.org/2005/07/scxml',
      version: '1.0',
      datamodel: 'ecmascript',
      name: root.id,
      initial: root.id,
    },
    state(root, invoked, ends ? [element('transition', { event: `done.state.${root.id}`, target: end })] : []),
    ...(ends ? [element('final', { id: end })] : []),
  );
}

function state(node: AnyStateNode, invoked: Invoked, more: readonly Element[] = []): Element {
  const [start] = node.type === 'compound' ? node.initial.target : [];
  return element(
    ELEMENTS[node.type],
    { id: node.id, initial: start?.id },
    ...(node.entry.length === 0 ? [] : [element('onentry', {}, ...calls(node.entry))]),
    ...(node.exit.length === 0 ? [] : [element('onexit', {}, ...calls(node.exit))]),
    ...node.invoke.map(({ src, id }) => invocation(String(src), invokeId(node, id), invoked)),
    ...[...node.transitions.values(), node.always ?? []].flat().map((each) => transition(node, each)),
    ...more,
    ...Object.values(node.states).map((child: AnyStateNode) =>
      child.type === 'history' ? history(child) : state(child, invoked),
    ),
  );
}

const ELEMENTS = {
  atomic: 'state',
  compound: 'state',
  parallel: 'parallel',
  final: 'final',
  history: 'history',
} as const satisfies Record<AnyStateNode['type'], string>;

/** Where nothing is remembered, a return begins as the state around does, unless it says otherwise. */
function history(node: AnyStateNode): Element {
  const around = node.parent?.type === 'compound' ? node.parent.initial.target : undefined;
  return element(
    'history',
    { id: node.id, type: node.history === 'deep' ? 'deep' : 'shallow' },
    element('transition', { target: around?.map(({ id }: AnyStateNode) => id).join(' ') }),
  );
}

function invocation(src: string, id: string, invoked: Invoked): Element {
  const chart = invoked(src);
  if (chart instanceof StateMachine)
    return element('invoke', { id, type: 'scxml' }, element('content', {}, documentOf(chart, invoked)));
  return element('invoke', { id, ...(chart ?? { type: 'work', src }) });
}

/** A transition that stays within its state leaves that state alone: `internal`, as is usual in xstate. */
function transition(
  node: AnyStateNode,
  { eventType, guard, target, actions, reenter }: AnyTransitionDefinition,
): Element {
  const targets = target ?? [];
  const stays = targets.length > 0 && !reenter && targets.every(({ id }) => id.startsWith(`${node.id}.`));
  return element(
    'transition',
    {
      event: eventName(node, eventType),
      cond: guard === undefined ? undefined : nameOf(guard),
      target: targets.length === 0 ? undefined : targets.map(({ id }) => id).join(' '),
      type: stays ? 'internal' : undefined,
    },
    ...calls(actions),
  );
}

/** The names of SCXML for what xstate names in its own way. */
function eventName(node: AnyStateNode, eventType: string): string | undefined {
  const [, kind, id] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(eventType) ?? [];
  if (kind !== undefined && id !== undefined)
    return `${kind === 'done' ? 'done.invoke' : 'error.platform'}.${invokeId(node, id)}`;
  return eventType === '' ? undefined : eventType;
}

/** xstate's own ids begin with a digit, which an XML id may not. */
function invokeId(node: AnyStateNode, id: string): string {
  return /^\d/.test(id) ? `${node.id}.work${id.slice(0, id.indexOf('.'))}` : id;
}

function calls(actions: readonly unknown[]): readonly Element[] {
  return actions.map((action) => element('script', {}, text(`${nameOf(action)}();`)));
}

/** The name of a guard or an action: it is a name, or carries one. */
function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  if (typeof named === 'object' && named !== null && 'type' in named) return String(named.type);
  return typeof named === 'function' && named.name !== '' ? named.name : 'unnamed';
}

function element(name: string, attributes: Attributes, ...children: readonly Element[]): Element {
  const given = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
  return { [name]: children, ':@': given };
}

function text(content: string): Element {
  return { '#text': content };
}
