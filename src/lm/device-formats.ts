import type { DecoderConfig } from './architecture.js';
import type { FloatFormat } from './float-formats.js';
import { type Parameter, parameterLayout } from './parameters.js';
import { isInBlocks, type WeightPlaces } from './weight-places.js';

/** How weights that do not learn are held in the memory of a WebGPU device: as their files have them; as float32, which takes
 *  twice the memory of 16 bits and less time; or in 16 bits, for which those of F32 are rounded to float16. */
export type DeviceWeightFormat = 'stored' | 'float32' | 'float16';

/** The format of each weight on a device, by Hugging Face's names. */
export type DeviceFormats = ReadonlyMap<string, FloatFormat>;

export function deviceFormats(config: DecoderConfig, places: WeightPlaces, wanted: DeviceWeightFormat): DeviceFormats {
  const { parameters } = parameterLayout(config);
  return new Map(
    parameters.map((parameter) => {
      const place = places.get(parameter.name);
      const stored = place === undefined || isInBlocks(place) ? 'float32' : place.dtype;
      return [parameter.name, deviceFormat(parameter, stored, wanted)];
    }),
  );
}

/** The format of a weight on a device. Vectors are float32 whatever their file has, and so are matrices with rows of an odd
 *  number of weights, as two of 16 bits lie together (`graph/halves.ts`). */
export function deviceFormat(parameter: Parameter, stored: FloatFormat, wanted: DeviceWeightFormat): FloatFormat {
  if (wanted === 'float32' || !liesInPairs(parameter)) return 'float32';
  return stored === 'float32' && wanted === 'float16' ? 'float16' : stored;
}

/** Rows of a projection are those of its file: as long as its input. */
const liesInPairs = ({ kind, shape }: Parameter): boolean =>
  shape.length === 2 && Number(shape[kind === 'projection' ? 0 : 1]) % 2 === 0;
