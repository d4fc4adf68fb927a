/** A KMS v2 plugin: serves a {@link KeyService} to kube-apiserver, or to anyone, over a unix socket. */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type handleUnaryCall, status as rpcStatus, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
  StatusRequestSchema,
  StatusResponseSchema,
} from '../gen/kms_pb.js';
import { keyIdHash } from '../kms/key-id.js';
import type { KeyService } from '../kms/key-service.js';
import type { KeyUse } from './key-use.js';

/** How {@link startKmsPlugin} serves. */
export interface KmsPluginOptions {
  /** Path of the unix socket; a socket that is there is replaced. `@name`: Linux' abstract namespace. */
  socket: string;
  service: KeyService;
  /** Permissions of the socket: whoever may connect may decrypt. Default 0o600. */
  socketMode?: number;
  /** Hears of every use of a key; neither keys nor plaintexts are in it. */
  audit?: (use: KeyUse) => void;
}

/** A running plugin. */
export interface KmsPlugin {
  /** Finishes what is under way (one second at most), then closes the key service. */
  close(): Promise<void>;
}

/**
 * Starts a plugin.
 *
 * @throws {Error} when the path is taken by something that is no socket, or cannot be bound.
 */
export async function startKmsPlugin(options: KmsPluginOptions): Promise<KmsPlugin> {
  const { socket, service, audit = () => {} } = options;
  const server = new Server();
  const methods = {
    Status: rpc('Status', StatusRequestSchema, StatusResponseSchema, () => service.status()),
    Encrypt: rpc('Encrypt', EncryptRequestSchema, EncryptResponseSchema, ({ plaintext, uid }) =>
      audited(
        audit,
        { operation: 'encrypt', uid },
        ({ keyId }) => keyId,
        async () => {
          const { ciphertext, keyId, annotations } = await service.encrypt(plaintext, uid);
          return { ciphertext, keyId, annotations: { ...annotations } };
        },
      ),
    ),
    Decrypt: rpc('Decrypt', DecryptRequestSchema, DecryptResponseSchema, (request) =>
      audited(
        audit,
        { operation: 'decrypt', uid: request.uid, keyIdHash: keyIdHash(request.keyId) },
        () => request.keyId,
        async () => ({ plaintext: await service.decrypt(request) }),
      ),
    ),
  };
  const definitions: ServiceDefinition = Object.fromEntries(Object.entries(methods).map(([name, { definition }]) => [name, definition]));
  server.addService(definitions, Object.fromEntries(Object.entries(methods).map(([name, { handler }]) => [name, handler])));

  const isAbstract = socket.startsWith('@');
  if (!isAbstract) removeOldSocket(socket);
  const address = isAbstract ? `unix:\0${socket.slice(1)}` : `unix:${socket}`;
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  if (!isAbstract) chmodSync(socket, options.socketMode ?? 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), 1000);
        server.tryShutdown(() => {
          clearTimeout(force);
          service.close?.();
          if (!isAbstract) rmSync(socket, { force: true });
          resolve();
        });
      }),
  };
}

/** A path that is taken by a file is a mistake; one that is taken by a socket is left over from before. */
function removeOldSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`"${path}" is no socket, it is not replaced`);
  rmSync(path);
}

function rpc<I extends DescMessage, O extends DescMessage>(
  name: string,
  input: I,
  output: O,
  work: (request: MessageShape<I>) => Promise<MessageInitShape<O>>,
) {
  const handler: handleUnaryCall<MessageShape<I>, MessageInitShape<O>> = (call, respond) => {
    work(call.request).then(
      (answer) => respond(null, answer),
      (error: unknown) => respond({ code: rpcStatus.UNKNOWN, details: messageOf(error) }),
    );
  };
  const definition = {
    path: `/v2.KeyManagementService/${name}`,
    requestStream: false as const,
    responseStream: false as const,
    requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes),
    requestSerialize: (value: MessageShape<I>) => Buffer.from(toBinary(input, value)),
    responseSerialize: (value: MessageInitShape<O>) => Buffer.from(toBinary(output, create(output, value))),
    responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
  };
  return { handler, definition };
}

async function audited<T>(
  audit: (use: KeyUse) => void,
  use: { operation: KeyUse['operation']; uid: string; keyIdHash?: string },
  keyIdOf: (answer: T) => string,
  work: () => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  const end = (): { durationMs: number } => ({ durationMs: Math.round((performance.now() - startedMs) * 1000) / 1000 });
  try {
    const answer = await work();
    audit({ keyIdHash: keyIdHash(keyIdOf(answer)), ...use, outcome: 'ok', ...end() });
    return answer;
  } catch (error) {
    audit({ keyIdHash: '', ...use, outcome: 'error', error: messageOf(error), ...end() });
    throw error;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
