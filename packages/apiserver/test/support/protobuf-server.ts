/** A server, and requests whose answers are bytes. */
import { request } from 'node:https';
import { createBuiltInCatalogue } from '@k/api';
import { decodeProtobuf, readProtobufEnvelope } from '@k/api/protobuf';
import type { KubeObject, Schema } from '@k/apimachinery';
import type { TestServer } from '../../src/testing.js';
import { useServer } from './requests.js';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/** An answer as it came. */
export interface ByteAnswer {
  status: number;
  type: string;
  bytes: Buffer;
}

export interface ByteRequest {
  body?: string;
  /** Of the body. Default: `application/json`. */
  type?: string;
  /** How many bytes of the answer are enough. Default: all. */
  until?: number;
}

/** Requests to the server of a file. */
export interface ProtobufServer {
  /** A request whose answer is JSON. */
  json: TestServer['client']['request'];
  /** A request whose answer is read to its end, or until it has as many bytes. */
  send(method: string, target: string, accept: string, options?: ByteRequest): Promise<ByteAnswer>;
}

/** Starts a server before the tests of a file and ends it after them. */
export function useProtobufServer(): ProtobufServer {
  const requests = useServer();
  return {
    json: (method, path, wishes) => requests.server.client.request(method, path, wishes),
    send: (method, target, accept, options) => send(requests.server, method, target, accept, options),
  };
}

function send(server: TestServer, method: string, target: string, accept: string, options: ByteRequest = {}): Promise<ByteAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { accept, authorization: `Bearer ${server.token}`, 'content-type': options.type ?? 'application/json' };
    const sent = request(`${server.url}${target}`, { method, headers, ca: server.ca }, (response) => {
      const chunks: Buffer[] = [];
      const answer = (): ByteAnswer => ({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'] ?? '',
        bytes: Buffer.concat(chunks),
      });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (options.until === undefined || Buffer.concat(chunks).length < options.until) return;
        resolve(answer());
        response.destroy();
      });
      response.on('end', () => resolve(answer()));
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const builtIn = createBuiltInCatalogue();

/** The schema of a kind that is built in. */
export const schemaOfKind = (group: string, version: string, resource: string): Schema =>
  builtIn.find(group, version, resource)?.version.schema as Schema;

const configMap = schemaOfKind('', 'v1', 'configmaps');

/** The object of an envelope. */
export const opened = (bytes: Buffer, schema: Schema = configMap): KubeObject => {
  const { raw, ...typeMeta } = readProtobufEnvelope(bytes);
  return { ...typeMeta, ...decodeProtobuf(raw, schema) };
};
