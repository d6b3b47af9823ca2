import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/** Sites that a page may frame, by the path of the page. */
export type Frames = Readonly<Record<string, string>>;

/** A page runs scripts and styles of ours only, asks no one else for anything, and stands in nobody's frame; it frames
 *  only the site that its path is listed with. So a text of a
 *  model that came through unescaped, against the rules, would still do nothing. */
export function safeHeaders(frames: Frames): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      frameSrc: [({ req }) => frames[req.path] ?? "'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    referrerPolicy: 'no-referrer',
    strictTransportSecurity: false, // there is no encryption to be strict about
    crossOriginEmbedderPolicy: false,
  });
}
