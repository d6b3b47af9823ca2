import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Folders that look like a clone of this project, with the real launcher and next to nothing to build. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // from dist/test/support
/** A main that prints its arguments. */
export const GREETING = `process.stdout.write('hello ' + process.argv.slice(2).join(' ') + '\\n');\nexport {};\n`;

/** A folder that is gone after the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rzero-launcher-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A clone whose main greets: installed, not built. Its compiler is ours. */
export function clone(t: TestContext): string {
  const root = folder(t);
  copyLauncher(root);
  write(root, 'bin/main.ts', GREETING);
  write(root, 'package.json', '{"type": "module"}');
  write(root, 'package-lock.json', '{"packages": {"": {}}}');
  write(root, 'node_modules/.package-lock.json', '{"packages": {}}');
  for (const name of ['typescript', '@typescript', '@types', 'undici-types']) {
    if (existsSync(join(ROOT, 'node_modules', name))) {
      symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
    }
  }
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    rootDir: '.',
    outDir: 'dist',
    strict: true,
    types: ['node'],
  };
  write(
    root,
    'tsconfig.json',
    JSON.stringify({ compilerOptions, include: ['bin', 'src', 'test'], exclude: ['bin/page'] }),
  );
  const page = { rootDir: '../..', outDir: '../../dist', lib: ['es2023', 'dom'] };
  write(
    root,
    'bin/page/tsconfig.json',
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: page, include: ['.'], exclude: [] }),
  );
  write(root, 'bin/page/page.ts', 'document.title = "hello";\nexport {};\n');
  return root;
}

export function copyLauncher(root: string): void {
  for (const name of ['launch.mjs', 'setup.mjs', 'setup', 'test.mjs']) {
    cpSync(join(ROOT, 'bin', name), join(root, 'bin', name), { recursive: true });
  }
}

/** Writes a file and the folders above it. */
export function write(root: string, name: string, content: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}
