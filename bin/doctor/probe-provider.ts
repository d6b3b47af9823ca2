import { RzeroError } from '../../src/errors.js';
import { cast, input, matmul } from '../../src/graph/ops.js';
import { type ExecutionProvider, floats, floatsOf, GraphSession } from '../../src/graph/session.js';

/** Run as a process of its own, with a provider's name: multiplies two matrices on it, and prints as JSON whether it can compute
 *  in 16 bits. A driver that crashes takes this process with it, and not the doctor. */

const [provider] = process.argv.slice(2);
if (provider !== 'cpu' && provider !== 'webgpu' && provider !== 'cuda')
  throw new RzeroError(`no provider "${provider}"`);

const session = await GraphSession.create({ y: matmul(input('a', [2, 2]), input('b', [2, 2])) }, provider, 1);
const a = floats(Float32Array.of(1, 2, 3, 4), 2, 2);
const b = floats(Float32Array.of(5, 6, 7, 8), 2, 2);
const { y } = await session.run({ a, b });
const found = [...(y?.data ?? [])].map(Number);
// [1 2; 3 4] · [5 6; 7 8] = [19 22; 43 50]
if (found.join() !== '19,22,43,50') throw new RzeroError(`it multiplied wrongly: ${found.join(', ')}`);
process.stdout.write(JSON.stringify({ float16: await computesInFloat16(provider) }));

/** Whether 1.0001 becomes 1 on its way through float16, whose next number is 1.001. A device without 16-bit shaders fails. */
async function computesInFloat16(on: ExecutionProvider): Promise<boolean> {
  const rounding = await GraphSession.create({ y: cast(cast(input('x', [1]), 'float16'), 'float32') }, on, 1);
  try {
    return floatsOf(await rounding.run({ x: floats(Float32Array.of(1.0001), 1) }), 'y')[0] === 1;
  } catch (error) {
    if (error instanceof Error && error.message.includes('requires f16')) return false;
    throw error;
  }
}
