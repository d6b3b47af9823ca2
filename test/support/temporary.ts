import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder that is gone after the test. */
export function temporaryFolder(t: { after(release: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
