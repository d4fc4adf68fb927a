export { createNodeAuthorizer } from './node/node-authorizer.js';
export { NodeGraph } from './node/node-graph.js';
