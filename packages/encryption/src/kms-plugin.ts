/** A KMS v2 plugin: serves a {@link KeyService} to kube-apiserver, or to anyone, over a unix socket. */
import { chmodSync, rmSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { status as grpcStatus, Server, ServerCredentials } from '@grpc/grpc-js';
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
  StatusRequestSchema,
  StatusResponseSchema,
} from './kms/gen/kms_pb.js';
import type { KeyService } from './kms/key-service.js';
import { keyIdHash } from './kms/provider.js';

export type { KeyService } from './kms/key-service.js';
export { type LocalKeyFileOptions, localKeyService, rotateLocalKey } from './kms/local-key-service.js';

/** One use of a key. */
export interface KeyUse {
  operation: 'encrypt' | 'decrypt';
  /** The caller's id of the operation, for correlation with its log. */
  uid: string;
  keyIdHash: string;
  error?: string;
}

/** A running plugin. */
export interface KmsPlugin {
  close(): Promise<void>;
}

/**
 * Starts a plugin.
 *
 * @param options.socket - Path of the unix socket; replaced when it is there, mode 0600.
 * @param options.audit - Hears of every use of a key; neither keys nor plaintexts are in it.
 */
export async function startKmsPlugin(options: { socket: string; service: KeyService; audit?: (use: KeyUse) => void }): Promise<KmsPlugin> {
  const { service, audit } = options;
  const server = new Server();
  const unary = <I, O>(name: string, decode: (bytes: Buffer) => I, encode: (value: O) => Buffer) => ({
    path: `/v2.KeyManagementService/${name}`,
    requestStream: false as const,
    responseStream: false as const,
    requestDeserialize: decode,
    responseSerialize: encode,
    requestSerialize: (): Buffer => Buffer.alloc(0),
    responseDeserialize: (): never => {
      throw new TypeError('a server reads no responses');
    },
  });
  const answer =
    <I, O>(work: (request: I) => Promise<O>) =>
    (call: { request: I }, respond: (error: { code: number; details: string } | null, value?: O) => void): void => {
      work(call.request).then(
        (value) => respond(null, value),
        (error: unknown) => respond({ code: grpcStatus.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
      );
    };
  const audited = async <T>(
    use: Omit<KeyUse, 'error' | 'keyIdHash'>,
    keyId: (value: T | null) => string,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      const value = await work();
      audit?.({ ...use, keyIdHash: keyIdHash(keyId(value)) });
      return value;
    } catch (error) {
      audit?.({ ...use, keyIdHash: keyIdHash(keyId(null)), error: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  };
  server.addService(
    {
      Status: unary(
        'Status',
        (bytes) => fromBinary(StatusRequestSchema, bytes),
        (value: Parameters<typeof create<typeof StatusResponseSchema>>[1]) =>
          Buffer.from(toBinary(StatusResponseSchema, create(StatusResponseSchema, value))),
      ),
      Encrypt: unary(
        'Encrypt',
        (bytes) => fromBinary(EncryptRequestSchema, bytes),
        (value: Parameters<typeof create<typeof EncryptResponseSchema>>[1]) =>
          Buffer.from(toBinary(EncryptResponseSchema, create(EncryptResponseSchema, value))),
      ),
      Decrypt: unary(
        'Decrypt',
        (bytes) => fromBinary(DecryptRequestSchema, bytes),
        (value: Parameters<typeof create<typeof DecryptResponseSchema>>[1]) =>
          Buffer.from(toBinary(DecryptResponseSchema, create(DecryptResponseSchema, value))),
      ),
    } as never,
    {
      Status: answer(() => service.status()),
      Encrypt: answer((request: { plaintext: Uint8Array; uid: string }) =>
        audited(
          { operation: 'encrypt', uid: request.uid },
          (value) => value?.keyId ?? '',
          () => service.encrypt(request.plaintext, request.uid),
        ),
      ),
      Decrypt: answer(async (request: { ciphertext: Uint8Array; uid: string; keyId: string; annotations: Record<string, Uint8Array> }) => ({
        plaintext: await audited(
          { operation: 'decrypt', uid: request.uid },
          () => request.keyId,
          () => service.decrypt(request),
        ),
      })),
    } as never,
  );
  rmSync(options.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${options.socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  chmodSync(options.socket, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.tryShutdown(() => {
          service.close?.();
          rmSync(options.socket, { force: true });
          resolve();
        });
        setTimeout(() => server.forceShutdown(), 1000).unref();
      }),
  };
}
