/** The gRPC side of KMS v2: a lazy connection to a plugin's unix socket. */
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
  StatusRequestSchema,
  StatusResponseSchema,
} from './gen/kms_pb.js';
import type { KeyService } from './key-service.js';

/** What a call took and how it ended, for metrics. */
export type CallObserver = (call: { method: string; code: string; seconds: number }) => void;

/** The address that grpc-js wants: `unix:/path`, or an abstract socket for `unix:///@name`. */
function addressOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/)?/, '');
  return path.startsWith('/@') ? `unix-abstract:${path.slice(2)}` : `unix:${path}`;
}

/** Names of the gRPC status codes by number. */
const CODES = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied',
  'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable',
  'DataLoss', 'Unauthenticated',
]; // biome-ignore format: one row per line would be longer than the table

/** Connects to a plugin; the first call waits for its socket. */
export function connectKeyService(endpoint: string, timeoutMs: number, observe?: CallObserver): KeyService {
  const client = new Client(addressOf(endpoint), credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
  });
  const call = <I extends DescMessage, O extends DescMessage>(
    method: string,
    input: I,
    output: O,
    message: MessageShape<I>,
  ): Promise<MessageShape<O>> =>
    new Promise((resolve, reject) => {
      const started = performance.now();
      const done = (code: number): void =>
        observe?.({ method, code: CODES[code] ?? 'Unknown', seconds: (performance.now() - started) / 1000 });
      client.makeUnaryRequest(
        `/v2.KeyManagementService/${method}`,
        (value: MessageShape<I>) => Buffer.from(toBinary(input, value)),
        (bytes: Buffer) => fromBinary(output, bytes),
        message,
        { deadline: Date.now() + timeoutMs, waitForReady: true } as never,
        (error: ServiceError | null, value?: MessageShape<O>) => {
          done(error?.code ?? 0);
          if (error !== null || value === undefined) {
            reject(new Error(`rpc error: code = ${CODES[error?.code ?? 2] ?? 'Unknown'} desc = ${error?.details ?? 'no answer'}`));
          } else resolve(value);
        },
      );
    });
  return {
    async status() {
      const { version, healthz, keyId } = await call('Status', StatusRequestSchema, StatusResponseSchema, create(StatusRequestSchema));
      return { version, healthz, keyId };
    },
    async encrypt(plaintext, uid) {
      const { ciphertext, keyId, annotations } = await call(
        'Encrypt',
        EncryptRequestSchema,
        EncryptResponseSchema,
        create(EncryptRequestSchema, { plaintext, uid }),
      );
      return { ciphertext, keyId, annotations };
    },
    async decrypt({ ciphertext, uid, keyId, annotations }) {
      const request = create(DecryptRequestSchema, { ciphertext, uid, keyId, annotations: { ...annotations } });
      return (await call('Decrypt', DecryptRequestSchema, DecryptResponseSchema, request)).plaintext;
    },
    close: () => client.close(),
  };
}
