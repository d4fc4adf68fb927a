export type { Json } from './definitions.js';
export { type Descriptions, type DescriptionTable, descriptionsFrom, loadDescriptions } from './descriptions.js';
export { type DocumentSource, documentKeys, openApiV2, openApiV3 } from './documents.js';
export { encodeOpenApiV2 } from './v2-protobuf.js';
