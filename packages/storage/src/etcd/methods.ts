/** The gRPC methods of etcd that the store calls; requests are encoded by whoever makes them. */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type AuthenticateResponse,
  AuthenticateResponseSchema,
  type CompactionResponse,
  CompactionResponseSchema,
  type LeaseGrantResponse,
  LeaseGrantResponseSchema,
  type RangeResponse,
  RangeResponseSchema,
  type StatusResponse,
  StatusResponseSchema,
  type TxnResponse,
  TxnResponseSchema,
  type WatchResponse,
  WatchResponseSchema,
} from './gen/etcd_pb.js';

/** A method: its path, and how its answers are read. */
export interface EtcdMethod<Response> {
  readonly name: string;
  readonly path: string;
  readonly decode: (bytes: Buffer) => Response;
}

function method<Desc extends DescMessage>(service: string, name: string, response: Desc): EtcdMethod<MessageShape<Desc>> {
  return { name, path: `/etcdserverpb.${service}/${name}`, decode: (bytes) => fromBinary(response, bytes) };
}

/** Encodes a message for the wire. */
export function encodeMessage<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Buffer {
  const bytes = toBinary(schema, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Every method by name. */
export const etcdMethods: {
  readonly range: EtcdMethod<RangeResponse>;
  readonly txn: EtcdMethod<TxnResponse>;
  readonly compact: EtcdMethod<CompactionResponse>;
  readonly watch: EtcdMethod<WatchResponse>;
  readonly leaseGrant: EtcdMethod<LeaseGrantResponse>;
  readonly status: EtcdMethod<StatusResponse>;
  readonly authenticate: EtcdMethod<AuthenticateResponse>;
} = {
  range: method('KV', 'Range', RangeResponseSchema),
  txn: method('KV', 'Txn', TxnResponseSchema),
  compact: method('KV', 'Compact', CompactionResponseSchema),
  watch: method('Watch', 'Watch', WatchResponseSchema),
  leaseGrant: method('Lease', 'LeaseGrant', LeaseGrantResponseSchema),
  status: method('Maintenance', 'Status', StatusResponseSchema),
  authenticate: method('Auth', 'Authenticate', AuthenticateResponseSchema),
};
