/** Unary gRPC calls with messages of @bufbuild/protobuf, and errors that read as Go's do. */
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type ChannelCredentials, Client, type ClientOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

/** Names of the status codes by number. */
export const STATUS_NAMES: readonly string[] = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied',
  'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable',
  'DataLoss', 'Unauthenticated',
]; // biome-ignore format: one row per line would be longer than the table

/** A call that failed; the message is `rpc error: code = … desc = …`. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** The status as Go names it, e.g. `DeadlineExceeded`. */
  readonly status: string;

  constructor(status: string, details: string) {
    super(`rpc error: code = ${status} desc = ${details}`);
    this.status = status;
  }
}

/** What a call took and how it ended, for metrics. */
export type CallObserver = (call: { method: string; code: string; seconds: number }) => void;

/** How {@link createUnaryClient} connects. */
export interface UnaryClientOptions {
  /** Milliseconds until a call fails, the wait for a connection included. */
  timeoutMs: number;
  /** Hears of every call. */
  observe?: CallObserver | undefined;
  /** Default: plain text. */
  credentials?: ChannelCredentials;
  channel?: ClientOptions;
}

/** One connection. */
export interface UnaryClient {
  /** @param method - The full path, e.g. `/v2.KeyManagementService/Status`. */
  call<I extends DescMessage, O extends DescMessage>(
    method: string,
    input: I,
    output: O,
    message: MessageInitShape<I>,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<MessageShape<O>>;
  close(): void;
}

/** A lazy connection to `address`; the first call makes it and waits for it. */
export function createUnaryClient(address: string, options: UnaryClientOptions): UnaryClient {
  const client = new Client(address, options.credentials ?? credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    ...options.channel,
  });
  return {
    call: (method, input, output, message, metadata = {}) =>
      new Promise((resolve, reject) => {
        const startedMs = performance.now();
        const headers = new Metadata({ waitForReady: true });
        for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
        client.makeUnaryRequest(
          method,
          (value: MessageShape<typeof input>) => Buffer.from(toBinary(input, value)),
          (bytes: Buffer) => fromBinary(output, bytes),
          create(input, message),
          headers,
          { deadline: Date.now() + options.timeoutMs },
          (error: ServiceError | null, value?: MessageShape<typeof output>) => {
            const status = STATUS_NAMES[error?.code ?? 0] ?? 'Unknown';
            options.observe?.({ method, code: status, seconds: (performance.now() - startedMs) / 1000 });
            if (error === null && value !== undefined) resolve(value);
            else reject(new RpcError(error === null ? 'Internal' : status, error === null ? 'no answer' : detailsOf(status, error)));
          },
        );
      }),
    close: () => client.close(),
  };
}

/** The library's text for a deadline lists its own internals. */
function detailsOf(status: string, error: ServiceError): string {
  return status === 'DeadlineExceeded' ? 'context deadline exceeded' : error.details;
}
