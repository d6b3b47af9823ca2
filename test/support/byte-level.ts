import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary.js';

/** Folders with a small tokenizer of the byte-level kind: printable ASCII, one token a character, and the special tokens
 *  named. Ids of the special tokens come first. */

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
const CHARACTERS = [...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)), 'Ġ', 'Ċ'];

/** An added token as tokenizer.json has it. */
export const addedToken = (id: number, content: string, special = true): object => ({
  id,
  content,
  special,
  normalized: false,
  lstrip: false,
  rstrip: false,
  single_word: false,
});

/** The content of tokenizer.json. */
export function byteLevelDefinition(specials: readonly string[]): object {
  return {
    added_tokens: specials.map((content, id) => addedToken(id, content)),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries([...specials, ...CHARACTERS].map((piece, id) => [piece, id])),
      merges: [],
    },
  };
}

/** A folder with that tokenizer.json, and with other files: text as it stands, anything else as JSON. It is gone after
 *  the test. */
export function tokenizerFolder(
  t: { after(release: () => void): void },
  specials: readonly string[],
  files: Readonly<Record<string, string | object>> = {},
): string {
  const folder = temporaryFolder(t);
  const all = { 'tokenizer.json': byteLevelDefinition(specials), 'tokenizer_config.json': {}, ...files };
  for (const [name, content] of Object.entries(all)) {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}
