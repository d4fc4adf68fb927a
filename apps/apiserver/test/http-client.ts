import { Agent, request } from 'undici';
import type { ServerProcess } from './server-process.js';

/** The token file of tests, and the administrator's token in it. */
export const TOKENS = 'admin-token,admin,1,"system:masters"\n';

/** For requests to servers with certificates of their own. */
export const agent: Agent = new Agent({ connect: { rejectUnauthorized: false } });

/** What a server answered. */
export interface Answer {
  status: number;
  body: { [field: string]: unknown };
  text: string;
}

/** One request, as the administrator unless `token` says otherwise ('' = nobody). */
export async function call(
  server: ServerProcess,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  options: { body?: object; token?: string; signal?: AbortSignal } = {},
): Promise<Answer> {
  const { statusCode, body } = await request(`${server.url}${path}`, {
    method,
    dispatcher: agent,
    headers: {
      'content-type': 'application/json',
      ...(options.token === '' ? {} : { authorization: `Bearer ${options.token ?? 'admin-token'}` }),
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await body.text();
  return { status: statusCode, text, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {} };
}

export const MAPS = '/api/v1/namespaces/default/configmaps';

/** A config map with one value. */
export const configMap = (name: string, value: string): object => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name },
  data: { value },
});
