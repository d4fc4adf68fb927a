export {
  decodeProtobuf,
  hasProtobufForm,
  PROTOBUF_MEDIA_TYPE,
  type ProtobufEnvelope,
  ProtobufError,
  readProtobufEnvelope,
} from './decode.js';
export { encodeProtobuf, encodeProtobufEvent, ProtobufList } from './encode.js';
