/** Logs: what kubelets are asked, and what becomes of their answers. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { CORE, nodeStatus, useConnectingServer } from '../support/connecting-server.js';
import { ownAddress } from '../support/kubelet.js';

const parts = useConnectingServer();
const { requests } = parts;
let node = '';
beforeAll(async () => {
  node = await parts.node();
});

/** A pod on the node whose log is answered so. @returns its path of logs */
async function logged(answer: (response: ServerResponse) => void, nodeName = node): Promise<string> {
  const name = await parts.pod({ nodeName });
  parts.kubelet.answers.set(`/containerLogs/default/${name}/c`, (_request, response) => answer(response));
  return `${CORE}/pods/${name}/log`;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('requests', () => {
  it('are sent to the kubelet, with the certificate of this server and none of its clients', async () => {
    const path = await logged((response) => response.writeHead(200, { 'content-type': 'application/json' }).end('line\n'));
    const { status, text, headers } = await requests.send(`GET ${path}`);
    expect([status, text, headers['content-type']]).toEqual([200, 'line\n', 'text/plain']);
    const { method, client, url, headers: sent } = parts.kubelet.seen.at(-1) as (typeof parts.kubelet.seen)[number];
    expect([method, client, url]).toEqual(['GET', 'kube-apiserver', path.replace(/^.*pods\/(.*)\/log/, '/containerLogs/default/$1/c')]);
    expect([sent.authorization, sent.host]).toEqual([undefined, `localhost:${parts.kubelet.port}`]);
  });

  it.each([
    ['follow=true&tailLines=5&container=c', 'follow=true&tailLines=5'],
    ['follow', 'follow=true'],
    ['follow=false&timestamps=0', ''],
    ['previous=1&timestamps=true&sinceSeconds=60&limitBytes=10', 'limitBytes=10&previous=true&sinceSeconds=60&timestamps=true'],
    ['sinceTime=2026-05-04T03:02:01.9%2B02:00', 'sinceTime=2026-05-04T01%3A02%3A01Z'],
    ['unknown=1&pretty=true', ''],
  ])('with %s ask for %s', async (given, sent) => {
    const path = await logged((response) => response.end('x'));
    expect((await requests.send(`GET ${path}?${given}`)).status).toBe(200);
    expect(parts.kubelet.seen.at(-1)?.url.split('?')[1] ?? '').toBe(sent);
  });

  it.each([
    ['stream=Stdout', 422, 'Invalid', 'PodLogOptions "NAME" is invalid: stream: Forbidden: may not be specified'],
    ['sinceTime=x', 400, 'BadRequest', 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    ['container=x', 400, 'BadRequest', 'container x is not valid for pod NAME'],
  ])('with %s are refused', async (query, ...refusal) => {
    const path = await logged((response) => response.end('x'));
    const name = path.split('/')[6] as string;
    const expected = refusal.map((part) => (typeof part === 'string' ? part.replace('NAME', name) : part));
    expect(await requests.refusal(`GET ${path}?${query}`)).toEqual(expected);
  });
});

describe('answers', () => {
  it('are sent as they come, until the client goes', async () => {
    let source: ServerResponse | undefined;
    const path = await logged((response) => {
      source = response;
      response.write('one\n');
    });
    const call = parts.open('GET', `${path}?follow=true`);
    const [response] = (await once(call, 'response')) as [NodeJS.ReadableStream];
    expect(String((await once(response, 'data'))[0])).toBe('one\n');
    source?.write('two\n');
    expect(String((await once(response, 'data'))[0])).toBe('two\n');
    const gone = once(source as ServerResponse, 'close');
    call.destroy();
    await gone;
  });

  it('that break off have come to their end', async () => {
    const path = await logged((response) => response.write('half', () => response.destroy()));
    const { status, text } = await requests.send(`GET ${path}`);
    expect([status, text]).toEqual([200, 'half']);
  });

  it.each([
    [400, 'no such container', 400, 'BadRequest', 'no such container'],
    [500, 'oops', 500, 'InternalError', 'Internal error occurred: oops'],
    [404, 'gone', 404, 'NotFound', 'the server could not find the requested resource ( pods/log NAME)'],
    [403, 'nodes/proxy is forbidden', 403, 'Forbidden', 'nodes/proxy is forbidden ( pods/log NAME)'],
    [401, '', 401, 'Unauthorized', 'the server has asked for the client to provide credentials ( pods/log NAME)'],
    [418, 'tea', 418, undefined, 'the server responded with the status code 418 but did not return more information ( pods/log NAME)'],
    [502, 'x"', 502, 'InternalError', 'an error on the server ("x\\"") has prevented the request from succeeding ( pods/log NAME)'],
  ])('%i %s of a kubelet become a Status', async (code, text, ...refusal) => {
    const path = await logged((response) => response.writeHead(code).end(text));
    const name = path.split('/')[6] as string;
    const expected = refusal.map((part) => (typeof part === 'string' ? part.replace('NAME', name) : part));
    expect(await requests.refusal(`GET ${path}`)).toEqual(expected);
  });

  it('that lead elsewhere are not followed', async () => {
    const path = await logged((response) => response.writeHead(302, { location: 'http://169.254.169.254/x' }).end());
    expect(await requests.refusal(`GET ${path}`)).toEqual([500, undefined, 'Get "http://169.254.169.254/x": redirects forbidden']);
  });

  it('reach WebSockets as binary messages, or base64 for those who ask for it', async () => {
    const path = await logged((response) => response.end('line\n'));
    const read = async (protocols: string[]): Promise<unknown[]> => {
      const socket = new WebSocket(`${parts.server.url.replace('https', 'wss')}${path}`, protocols, {
        ca: parts.server.ca,
        headers: { authorization: `Bearer ${parts.server.token}` },
      });
      const [[data, isBinary]] = await Promise.all([once(socket, 'message'), once(socket, 'close')]);
      return [socket.protocol, isBinary, String(data)];
    };
    expect(await read([])).toEqual(['', true, 'line\n']);
    expect(await read(['binary.k8s.io'])).toEqual(['binary.k8s.io', true, 'line\n']);
    expect(await read(['base64.binary.k8s.io'])).toEqual(['base64.binary.k8s.io', false, 'bGluZQo=']);
  });
});

describe('kubelets', () => {
  const refused = async (status: object, query = ''): Promise<unknown[]> => {
    const name = await parts.pod({ nodeName: await parts.node(status) });
    parts.kubelet.answers.set(`/containerLogs/default/${name}/c`, (_request, response) => void response.end('line'));
    const refusal = await requests.refusal(`GET ${CORE}/pods/${name}/log${query}`);
    return refusal.map((part) => (typeof part === 'string' ? part.replaceAll(name, 'NAME') : part));
  };

  it('that are not there are named in the error', async () => {
    const port = await closedPort();
    expect(await refused(nodeStatus(port, [['InternalIP', '127.0.0.1']]), '?tailLines=1')).toEqual([
      500,
      undefined,
      `Get "https://127.0.0.1:${port}/containerLogs/default/NAME/c?tailLines=1": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    ]);
  });

  it('must have an address of a type that is wanted', async () => {
    expect(await refused(nodeStatus(1, []))).toEqual([500, undefined, 'no preferred addresses found; known addresses: []']);
    expect(await refused(nodeStatus(1, [['Other', 'a']]))).toEqual([
      500,
      undefined,
      'no preferred addresses found; known addresses: [{Other a}]',
    ]);
  });

  it('must have a certificate of their CA for their address, unless the client does not mind', async () => {
    const { port } = parts.kubelet;
    const status = nodeStatus(port, [['InternalIP', '127.0.0.1']]);
    const fault = `tls: failed to verify certificate: x509: certificate is valid for ${ownAddress()}, not 127.0.0.1`;
    expect(await refused(status)).toEqual([500, undefined, `Get "https://127.0.0.1:${port}/containerLogs/default/NAME/c": ${fault}`]);
    expect(await refused(status, '?insecureSkipTLSVerifyBackend=true')).toEqual([200]);
    expect(await refused(nodeStatus(port, [['InternalIP', ownAddress()]]))).toEqual([200]);
  });
});
