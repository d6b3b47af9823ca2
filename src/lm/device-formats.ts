import type { DecoderConfig } from './architecture.js';
import { type FloatFormat, FORMAT_BYTES } from './float-formats.js';
import { type Parameter, parameterLayout } from './parameters.js';

/** How weights that do not learn are held in the memory of a WebGPU device: as their files have them; as float32, which takes
 *  twice the memory of 16 bits and less time; or in 16 bits, for which those of F32 are rounded to float16. */
export type DeviceWeightFormat = 'stored' | 'float32' | 'float16';

/** The format of each weight on a device, by Hugging Face's names. */
export type DeviceFormats = ReadonlyMap<string, FloatFormat>;

/** `stored` has the format of each weight in its file. */
export const deviceFormats = (
  config: DecoderConfig,
  stored: (name: string) => FloatFormat,
  wanted: DeviceWeightFormat,
): DeviceFormats =>
  new Map(
    parameterLayout(config).parameters.map((parameter) => [
      parameter.name,
      deviceFormat(parameter, stored(parameter.name), wanted),
    ]),
  );

/** Vectors are float32 whatever their file has, and so are matrices with rows of an odd number of weights, as two of 16 bits
 *  lie together (`graph/halves.ts`). */
function deviceFormat(parameter: Parameter, stored: FloatFormat, wanted: DeviceWeightFormat): FloatFormat {
  if (wanted === 'float32' || !liesInPairs(parameter)) return 'float32';
  return stored === 'float32' && wanted === 'float16' ? 'float16' : stored;
}

/** Rows of a projection are those of its file: as long as its input. */
const liesInPairs = ({ kind, shape }: Parameter): boolean =>
  shape.length === 2 && Number(shape[kind === 'projection' ? 0 : 1]) % 2 === 0;

/** Bytes of the weights in these formats. */
export const bytesIn = (config: DecoderConfig, formats: DeviceFormats): number =>
  parameterLayout(config).parameters.reduce(
    (sum, { name, size }) => sum + FORMAT_BYTES[formats.get(name) ?? 'float32'] * size,
    0,
  );
