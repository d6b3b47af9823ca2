import { RzeroError } from '../../src/errors.js';
import { input, matmul } from '../../src/graph/ops.js';
import { floats, GraphSession } from '../../src/graph/session.js';

/** Run as a process of its own, with a provider's name: multiplies two matrices on it. A driver that crashes takes
 *  this process with it, and not the doctor. */

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
