import type { Component } from './tokenizer-file.js';

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const TAIL = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
/** llama.cpp's names for how text is cut before byte-level BPE (llama-vocab.cpp, `llm_tokenizer_bpe`). Each implies whether a
 *  piece that is a token is taken without a look at the merges. */
const BYTE_LEVEL = [
  {
    name: 'qwen2',
    pattern: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${TAIL}`,
    ignoreMerges: false,
  },
  {
    name: 'llama-bpe',
    pattern: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}${TAIL}`,
    ignoreMerges: true,
  },
] as const;

/** llama.cpp's name for how these parts of a tokenizer cut text before byte-level BPE; null where it has none. */
export function preTokenizerName(pieces: readonly Component[], ignoreMerges: boolean): string | null {
  if (pieces.some(({ add_prefix_space: prefix }) => prefix === true)) return null;
  const patterns = pieces.flatMap(({ type, pattern }) => (type === 'Split' ? [regexOf(pattern)] : []));
  if (patterns.length === 0) {
    const own = pieces.length === 1 && pieces[0]?.['use_regex'] !== false && !ignoreMerges;
    return own ? 'gpt-2' : null;
  }
  const others = pieces.some(({ type }) => type !== 'Split' && type !== 'ByteLevel');
  if (patterns.length > 1 || others) return null;
  const known = BYTE_LEVEL.find((each) => each.pattern === patterns[0] && each.ignoreMerges === ignoreMerges);
  return known?.name ?? null;
}

function regexOf(pattern: unknown): string | null {
  if (typeof pattern !== 'object' || pattern === null || !('Regex' in pattern)) return null;
  return typeof pattern.Regex === 'string' ? pattern.Regex : null;
}
