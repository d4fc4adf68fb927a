/** Port-forwards whose SPDY comes in a WebSocket: for kubelets it is taken out of it. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestContext } from '../context.js';
import { sendBytes } from '../http/respond.js';
import type { Destination } from './dialer.js';
import { askUpgrade, beginAnswer, headersFor, type PassingParts, refused } from './pass-on.js';
import { splice } from './splice.js';
import { acceptWebSocket } from './websockets.js';

const PREFIX = 'SPDY/3.1+';
const SUFFIX = '.k8s.io';
const SPDY = 'SPDY/3.1';

/** Whether a WebSocket offers to carry SPDY. */
export function isTunnel(protocols: readonly string[]): boolean {
  return protocols.some((protocol) => protocol.startsWith(PREFIX));
}

/** Opens a tunnel. @throws 500 when the kubelet cannot be asked */
export async function tunnel(
  parts: PassingParts,
  context: RequestContext,
  to: Destination,
  path: string,
  protocols: readonly string[],
): Promise<void> {
  const carried = protocols.filter((protocol) => protocol.startsWith(PREFIX) && protocol.endsWith(SUFFIX));
  if (carried.length === 0) return plain(context, 400, 'unable to upgrade: no tunneling spdy protocols provided');
  const versions = carried.map((protocol) => protocol.slice(PREFIX.length));
  const headers: OutgoingHttpHeaders = { ...headersFor(parts, context, true), Upgrade: SPDY, 'X-Stream-Protocol-Version': versions };
  for (const name of Object.keys(headers)) if (name.startsWith('sec-websocket-')) delete headers[name];
  const { answer, switched } = await askUpgrade(parts, context, to, { method: 'POST', path, headers });
  if (switched === undefined) return refused(parts, context, answer);
  const { upgrade, closed } = context.exchange;
  const { socket: there, head: fromThere } = switched;
  if (upgrade === undefined || context.answered || closed) {
    there.destroy();
    return;
  }
  if (!(answer.headers.upgrade ?? '').toLowerCase().includes(SPDY.toLowerCase())) {
    there.destroy();
    return plain(context, 500, 'unable to upgrade: missing upgrade headers in response');
  }
  beginAnswer(context, 101);
  context.exchange.onClose(parts.streams.add(() => there.destroy()));
  context.exchange.onClose(() => there.destroy());
  const chosen = String(answer.headers['x-stream-protocol-version'] ?? '').trim();
  acceptWebSocket(upgrade, chosen === '' ? '' : `${PREFIX}${chosen}`, (here) => {
    splice(here, there, { fromHere: Buffer.alloc(0), fromThere });
  });
}

function plain(context: RequestContext, status: number, text: string): void {
  context.responseHeaders['x-content-type-options'] = 'nosniff';
  sendBytes(context, status, 'text/plain; charset=utf-8', `${text}\n`);
}
