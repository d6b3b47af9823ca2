import { byId } from '../dom.js';

/** Hands what this server tells in Stately's format to Stately's own page, in its frame, and to no other page. */

const STATELY = 'https://stately.ai';

const frame = byId('stately');
const place = byId('connection');
if (frame instanceof HTMLIFrameElement) show(frame);

function show(page: HTMLIFrameElement): void {
  let connected = false;
  window.addEventListener('message', ({ source, origin, data }) => {
    if (connected || source !== page.contentWindow || origin !== STATELY) return;
    if (data?.type !== '@statelyai.connected') return;
    connected = true;
    follow((message) => page.contentWindow?.postMessage(message, STATELY));
  });
  page.src = `${STATELY}/inspect`;
}

/** Begins when Stately's page is ready: the feed tells who comes late what still holds. */
function follow(tell: (message: unknown) => void): void {
  const address = new URL('/inspect/stately/events', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address);
  socket.addEventListener('open', () => say('live', 'live'));
  socket.addEventListener('message', ({ data }) => tell(JSON.parse(String(data))));
  socket.addEventListener('close', () => say('ended', 'the run has come to rest, or the connection is lost'));
}

function say(connection: 'live' | 'ended', text: string): void {
  place.dataset['connection'] = connection;
  place.textContent = text;
}
