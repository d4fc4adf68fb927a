/** `@k/apiserver/testing`: a whole API server inside a test, on the embedded store, with an administrator's token. */
export type { TestAnswer, TestClient, TestRequest, TestWatch } from './testing/test-client.js';
export { startTestServer, type TestServer, type TestServerOptions, type TestUser } from './testing/test-server.js';
