import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { etag } from 'hono/etag';

/**
 * The files that browsers load: pages and styles as they stand in bin/page, its scripts as compiled, and the chart library.
 * They are a closed list, read once: no path of a request ever reaches the disk.
 */

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const SOURCES = fileURLToPath(new URL('../../../bin/page/', import.meta.url)); // from dist/bin/web
const COMPILED = fileURLToPath(new URL('../page/', import.meta.url));

/** Serves `/page/NAME` for each file of bin/page, and `/page/vendor/uPlot.js`. */
export function pageFiles(): Hono {
  const files = new Map<string, { readonly type: string; readonly content: Uint8Array<ArrayBuffer> }>();
  const add = (name: string, file: string): void => {
    const type = TYPES[extname(file)];
    if (type !== undefined) files.set(name, { type, content: new Uint8Array(readFileSync(file)) });
  };
  for (const folder of [SOURCES, COMPILED]) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      add(file.slice(folder.length).replaceAll('\\', '/'), file);
    }
  }
  const uPlot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  add('vendor/uPlot.js', join(uPlot, 'dist/uPlot.esm.js'));
  add('vendor/uPlot.css', join(uPlot, 'dist/uPlot.min.css'));

  const app = new Hono();
  app.use(compress(), etag());
  app.get('/page/*', (context) => {
    const file = files.get(context.req.path.slice('/page/'.length));
    if (file === undefined) return context.notFound();
    return context.body(file.content, 200, { 'content-type': file.type, 'cache-control': 'no-cache' });
  });
  return app;
}
