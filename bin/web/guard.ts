import { timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

/**
 * Who may look at a page of ours. A page shows what a model wrote and what a run is doing, to the person who started it
 * and to nobody else:
 *
 * - nothing can be changed: GET and HEAD only;
 * - on the loopback address the Host must be a loopback name, or a site that points its own name there could read along
 *   (DNS rebinding); its port is free, as tunnels change it;
 * - another site may link here and read nothing: Origin and Sec-Fetch-Site say who asks;
 * - anywhere but on the loopback address a token is asked for, once: it then stays in a cookie.
 */

export interface Access {
  /** What must be shown to get in; null on the loopback address. */
  readonly token: string | null;
  /** Names the cookie: browsers send cookies to all ports of a host. */
  readonly port: number;
}

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Lets through who may look, and answers everyone else with a sentence. */
export function guard({ token, port }: Access): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req;
    if (method !== 'GET' && method !== 'HEAD')
      return context.text('This page can only be read.\n', 405, { allow: 'GET, HEAD' });
    const host = context.req.header('host') ?? '';
    if (token === null && !LOOPBACK_NAMES.has(nameIn(host)))
      return context.text('Ask for this page by the name localhost.\n', 403);
    if (isFromElsewhere(context, host)) return context.text('Another site may not read this page.\n', 403);
    if (token === null) return next();
    const cookie = `rzero-${port}`;
    const shown = context.req.query('token');
    if (shown !== undefined && isSame(shown, token)) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: 'Lax', path: '/' });
      return context.redirect(withoutToken(context.req.url)); // so that the token does not stay in the address
    }
    const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    if (isSame(getCookie(context, cookie) ?? bearer ?? '', token)) return next();
    return context.text('Open the address that rzero printed: it carries the token that this page asks for.\n', 401);
  };
}

/** The host's name, without its port. */
function nameIn(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** A link from another site is followed; anything else that another site asks for is not. */
function isFromElsewhere(context: Context, host: string): boolean {
  const origin = context.req.header('origin');
  if (origin !== undefined) return !URL.canParse(origin) || new URL(origin).host !== host;
  const isLink =
    context.req.header('sec-fetch-mode') === 'navigate' && context.req.header('sec-fetch-dest') === 'document';
  return !isLink && ['cross-site', 'same-site'].includes(context.req.header('sec-fetch-site') ?? 'none');
}

function isSame(shown: string, token: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function withoutToken(address: string): string {
  const { pathname, searchParams } = new URL(address);
  searchParams.delete('token');
  return searchParams.size === 0 ? pathname : `${pathname}?${searchParams}`;
}
