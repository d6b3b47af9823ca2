import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { ProfiledSession } from './profiling.js';

/** Which provider ran each node of a graph, read from the profile of a session that has run it. ONNX Runtime gives a node that
 *  a provider has no kernel for to the CPU and copies what it reads and makes, and says so nowhere else. */

/** An operand of a node: ONNX's name of its type, and how many elements it had. */
export interface Operand {
  readonly type: string;
  readonly elementCount: number;
}

export interface PlacedNode {
  readonly op: string;
  /** Names as they are in the graph; ONNX Runtime names those that it makes. */
  readonly name: string;
  /** `cpu`, `webgpu`, `cuda`, or another of ONNX Runtime's in lower case. */
  readonly provider: string;
  readonly reads: readonly Operand[];
  readonly writes: readonly Operand[];
}

/** A copy between the device and this machine's memory in the middle of a graph. */
export const isCopy = ({ op }: PlacedNode): boolean => op === 'MemcpyToHost' || op === 'MemcpyFromHost';

/**
 * Whether a node may be on the CPU, or a copy be made, without anybody waiting for data: it reads whole numbers only, and makes
 * no more than it reads. Those are shapes, which ONNX Runtime keeps on the CPU on purpose as it needs them to lay out what
 * follows, and indices: tokens, places, labels. All that rests on weights, hidden states or a cache is of floats.
 */
export function isHarmless({ op, reads, writes }: PlacedNode): boolean {
  const count = (operands: readonly Operand[]): number =>
    operands.reduce((sum, { elementCount }) => sum + elementCount, 0);
  if (op === 'MemcpyFromHost') return true; // what the CPU has made of whole numbers; what else it makes is told by its node
  return reads.every(({ type }) => !FLOATS.has(type)) && count(writes) <= Math.max(count(reads), 1);
}

const FLOATS = new Set(['float', 'float16', 'bfloat16', 'double']);

/** The nodes that a profiled session has run, each once. @throws ZodError for a file of another form. */
export function placedNodes(session: ProfiledSession): PlacedNode[] {
  session.end();
  const folder = dirname(session.prefix);
  const file = readdirSync(folder).find((name) => name.startsWith(basename(session.prefix)));
  return file === undefined ? [] : parseProfile(JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

const operands = z.array(z.record(z.string(), z.array(z.number())));
const profile = z.array(
  z.looseObject({
    cat: z.string(),
    name: z.string(),
    args: z
      .looseObject({
        provider: z.string().optional(),
        op_name: z.string().optional(),
        node_index: z.string().optional(),
        input_type_shape: operands.optional(),
        output_type_shape: operands.optional(),
      })
      .optional(),
  }),
);
const ENDING = '_kernel_time';

/** The nodes in ONNX Runtime's profile, each once, as the first run of it was. */
export function parseProfile(json: unknown): PlacedNode[] {
  const nodes = new Map<string, PlacedNode>();
  for (const { cat, name, args } of profile.parse(json)) {
    if (cat !== 'Node' || !name.endsWith(ENDING) || args?.provider === undefined) continue;
    const key = `${name} ${args.op_name} ${args.node_index}`;
    if (nodes.has(key)) continue;
    nodes.set(key, {
      op: args.op_name ?? '',
      name: name.slice(0, -ENDING.length),
      provider: args.provider.replace('ExecutionProvider', '').toLowerCase(),
      reads: operandsOf(args.input_type_shape),
      writes: operandsOf(args.output_type_shape),
    });
  }
  return [...nodes.values()];
}

const operandsOf = (list: z.infer<typeof operands> = []): Operand[] =>
  list.flatMap((operand) =>
    Object.entries(operand).map(([type, dims]) => ({ type, elementCount: dims.reduce((a, b) => a * b, 1) })),
  );
