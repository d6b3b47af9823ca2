import { nearest } from '../src/config.js';
import { SHAPES, type ShapeName } from '../src/lm/shapes.js';

/** The shape that `--shape` names; for none of that name, one sentence and the end. */
export function shapeFlag(name: string): ShapeName {
  if (Object.hasOwn(SHAPES, name)) return name as ShapeName;
  process.stderr.write(`unknown shape "${name}"; ${nearest(name, Object.keys(SHAPES))}\n`);
  process.exit(2);
}
