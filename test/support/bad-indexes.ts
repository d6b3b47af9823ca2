import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BadCheckpoint, spoilt, VICTIM } from './bad-weight-files.js';
import { INDEX_NAME, shardName, writeIndex } from './raw-checkpoint.js';

const SECOND = shardName(1, 2);
const OUTSIDE = 'outside.safetensors';

/** A whole folder whose index is written again, with other places. */
const reindexed = (change: (map: Record<string, string>, folder: string) => void): BadCheckpoint['make'] =>
  spoilt((folder) => {
    const { weight_map: map } = JSON.parse(readFileSync(join(folder, INDEX_NAME), 'utf8')) as {
      weight_map: Record<string, string>;
    };
    change(map, folder);
    writeIndex(folder, map);
  });

/** An index that finds the second shard outside of the folder, where it lies too. */
const outside = (path: (folder: string) => string): BadCheckpoint => ({
  names: [OUTSIDE],
  make: reindexed((map, folder) => {
    copyFileSync(join(folder, SECOND), join(folder, '..', OUTSIDE));
    mkdirSync(join(folder, 'inner'));
    for (const [name, file] of Object.entries(map)) if (file === SECOND) map[name] = path(folder);
  }),
});

/** An index with this text. */
const text = (content: string): BadCheckpoint => ({
  names: [INDEX_NAME],
  make: spoilt((folder) => writeFileSync(join(folder, INDEX_NAME), content)),
});

/** An index that says this of the victim's place. */
const found = (file: string): BadCheckpoint['make'] =>
  reindexed((map) => {
    map[VICTIM] = file;
  });

/** Faults of an index, for folders of two shards; a path trick leads to a file that would do. */
export const BAD_INDEXES: Readonly<Record<string, BadCheckpoint>> = {
  'a shard that is missing': { names: [SECOND], make: spoilt((_, file) => rmSync(file)) },
  'an index that is no JSON': text('{"weight_map": {'),
  'an index that is no object': text('["weight_map"]'),
  'an index without places': text('{"metadata": {}}'),
  'an index whose places are no words': text(`{"weight_map": {"${VICTIM}": 2}}`),
  'an index that leaves a tensor out': { names: [VICTIM], make: reindexed((map) => delete map[VICTIM]) },
  'an index that finds a tensor in the wrong shard': { names: [VICTIM], make: found(shardName(0, 2)) },
  'an index that names the folder itself': { names: [], make: found('.') },
  'an index with a zero byte in a path': { names: [], make: found(`${SECOND}\0.safetensors`) },
  'an index that leads out of the folder': outside(() => `../${OUTSIDE}`),
  'an index that leads out of the folder by way of one in it': outside(() => `inner/../../${OUTSIDE}`),
  'an index with an absolute path': outside((folder) => join(folder, '..', OUTSIDE)),
  'an index with the separators of another system': outside(() => `..\\${OUTSIDE}`),
};
