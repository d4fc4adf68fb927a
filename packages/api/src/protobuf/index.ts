export {
  decodeProtobuf,
  hasProtobufForm,
  PROTOBUF_MEDIA_TYPE,
  type ProtobufEnvelope,
  ProtobufError,
  readProtobufEnvelope,
} from './decode.js';
export { encodeProtobuf } from './encode.js';
