import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { chartMermaid } from '../../machines/draw.js';

/** What draws the pictures. */
export const MERMAID_PACKAGE = 'mermaid@12.3.0';

/** What a picture of a chart says in a comment: it was made from this text and no other. */
export function pictureMark(machine: AnyStateMachine): string {
  return `<!-- of ${createHash('sha256').update(chartMermaid(machine)).digest('hex')} -->`;
}
